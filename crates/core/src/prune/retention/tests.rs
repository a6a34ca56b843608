use chrono::TimeZone;
use proptest::prelude::*;

use super::*;

const TABLE: &str = "orders";

fn at(hours: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap() + TimeDelta::hours(hours)
}

fn backup(hours: i64) -> Backup {
    let created_at = at(hours);
    Backup {
        arn: format!("arn:{hours}"),
        name: backup_name(TABLE, created_at),
        created_at,
        available: true,
        table_id: "id".to_owned(),
    }
}

fn scope(manual: bool) -> Scope<'static> {
    Scope { table_name: TABLE, table_id: "id", others: Others { former: false, manual } }
}

fn newest(max_backups: u32) -> Retention {
    Retention { max_backups, max_age_days: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 }
}

fn retained(plan: &Plan<'_>) -> Vec<String> {
    plan.keep.iter().map(|(backup, _)| backup.arn.clone()).collect()
}

#[test]
fn backup_name_has_the_table_and_the_time() {
    let time = Utc.with_ymd_and_hms(2020, 9, 5, 3, 29, 50).unwrap();
    assert_eq!(backup_name("Movies", time), "Movies-20200905T032950Z");
    let long = "x".repeat(255);
    let name = backup_name(&long, time);
    assert_eq!(name.len(), 255);
    assert!(is_own_name(&name, &long) && is_own_name("Movies-20200905T032950Z", "Movies"));
    for other in
        ["Movies-20200905", "Movies-20201305T032950Z", "Movies-2-20200905T032950Z", "before the migration"]
    {
        assert!(!is_own_name(other, "Movies"), "{other}");
    }
}

#[test]
fn former_names_differ_from_own_names() {
    assert!(
        is_former_name("Movies-20200905032950", "Movies") && !is_own_name("Movies-20200905032950", "Movies")
    );
    for other in ["Movies-20200905T032950Z", "Movies-20201305032950", "Movies-2-20200905032950", "Movies"] {
        assert!(!is_former_name(other, "Movies"), "{other}");
    }
}

#[test]
fn former_backups_count_only_if_requested() {
    let mut backups: Vec<Backup> = (0..6).map(backup).collect();
    for (former, digits) in backups.iter_mut().zip(["20260101000000", "20260101010000", "20260101020000"]) {
        former.name = format!("orders-{digits}");
    }
    backups[0].name = "before the migration".to_owned();
    let fates = |others: Others| {
        let plan = newest(2).plan(&backups, Scope { others, ..scope(false) }, at(9));
        let deleted: Vec<String> = plan.delete.iter().map(|backup| backup.arn.clone()).collect();
        (deleted, plan.ignored.iter().map(|(_, reason)| *reason).collect::<Vec<_>>())
    };
    let off = "the predecessor of this workflow made it, and IncludeFormer is off";
    let by_hand = "it was not made by this workflow";
    let (deleted, left) = fates(Others::default());
    assert_eq!((deleted, left), (vec!["arn:3".to_owned()], vec![off, off, by_hand]));
    let (deleted, left) = fates(Others { former: true, manual: false });
    assert_eq!((deleted.join(" ").as_str(), left), ("arn:3 arn:2 arn:1", vec![by_hand]));
    let (deleted, left) = fates(Others { former: false, manual: true });
    assert_eq!((deleted.len(), left.len()), (4, 0), "all backups count");
}

#[test]
fn newest_backups_are_retained_and_others_ignored() {
    let mut backups: Vec<Backup> = (0..6).map(backup).collect();
    backups[0].name = "before the migration".to_owned();
    backups[1].table_id = "another".to_owned();
    backups[5].available = false;
    let plan = newest(2).plan(&backups, scope(false), at(9));
    assert_eq!(retained(&plan), ["arn:4", "arn:3"]);
    assert_eq!(plan.delete.iter().map(|backup| backup.arn.as_str()).collect::<Vec<_>>(), ["arn:2"]);
    assert_eq!(plan.ignored.len(), 3);
    let plan = newest(2).plan(&backups, scope(true), at(9));
    assert_eq!(plan.delete.iter().map(|backup| backup.arn.as_str()).collect::<Vec<_>>(), ["arn:2", "arn:0"]);
}

#[test]
fn newest_backup_of_each_period_is_retained() {
    let backups: Vec<Backup> = (0..400).map(|day| backup(day * 24 + 3)).collect();
    let rules = Retention { daily: 7, weekly: 4, monthly: 12, yearly: 2, ..newest(1) };
    let plan = rules.plan(&backups, scope(false), at(400 * 24));
    let by = |rule: &str| plan.keep.iter().filter(|(_, rules)| rules.contains(&rule)).count();
    assert_eq!((by("MaxBackups"), by("DailyBackups"), by("WeeklyBackups")), (1, 7, 4));
    assert_eq!((by("MonthlyBackups"), by("YearlyBackups")), (12, 2));
    assert_eq!(plan.keep.len() + plan.delete.len(), 400);
    let years: Vec<i32> = plan
        .keep
        .iter()
        .filter(|(_, rules)| rules.contains(&"YearlyBackups"))
        .map(|(backup, _)| backup.created_at.year())
        .collect();
    assert_eq!(years, [2027, 2026]);
}

fn any_backup() -> impl Strategy<Value = Backup> {
    (0_i64..30_000, prop::bool::weighted(0.9), prop::bool::weighted(0.9), prop::bool::weighted(0.8)).prop_map(
        |(hours, available, this_table, own)| {
            let mut backup = backup(hours);
            backup.available = available;
            if !this_table {
                backup.table_id = "another".to_owned();
            }
            if !own {
                backup.name = format!("by hand {hours}");
            }
            backup
        },
    )
}

fn any_retention() -> impl Strategy<Value = Retention> {
    (1_u32..9, 0_u32..60, 0_u32..9, 0_u32..9, 0_u32..15, 0_u32..5).prop_map(
        |(max_backups, max_age_days, daily, weekly, monthly, yearly)| Retention {
            max_backups,
            max_age_days,
            daily,
            weekly,
            monthly,
            yearly,
        },
    )
}

/// Applies the rules again, backup by backup, without sorting.
fn some_rule_keeps(backup: &Backup, counted: &[&Backup], rules: &Retention, now: DateTime<Utc>) -> bool {
    let is_newer = |other: &&&Backup| (other.created_at, &other.arn) > (backup.created_at, &backup.arn);
    let newer: Vec<&Backup> = counted.iter().filter(is_newer).copied().collect();
    let newest_of = |count: u32, period: &dyn Fn(&Backup) -> String| {
        let own = period(backup);
        let newer_periods: BTreeSet<String> = newer.iter().map(|other| period(other)).collect();
        !newer_periods.contains(&own) && newer_periods.len() < count as usize
    };
    newer.len() < rules.max_backups as usize
        || (rules.max_age_days > 0 && now - backup.created_at < TimeDelta::days(rules.max_age_days.into()))
        || newest_of(rules.daily, &|backup| backup.created_at.format("%Y-%m-%d").to_string())
        || newest_of(rules.weekly, &|backup| backup.created_at.format("%G-%V").to_string())
        || newest_of(rules.monthly, &|backup| backup.created_at.format("%Y-%m").to_string())
        || newest_of(rules.yearly, &|backup| backup.created_at.format("%Y").to_string())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn plan_retains_a_backup_if_any_rule_does(
        backups in prop::collection::vec(any_backup(), 0..80),
        rules in any_retention(),
        include_manual in any::<bool>(),
        hours in 0_i64..31_000,
    ) {
        let mut backups = backups;
        backups.sort_by(|one, other| one.arn.cmp(&other.arn));
        backups.dedup_by(|one, other| one.arn == other.arn);
        let (scope, now) = (scope(include_manual), at(hours));
        let plan = rules.plan(&backups, scope, now);
        prop_assert_eq!(plan.keep.len() + plan.delete.len() + plan.ignored.len(), backups.len());
        let counts = |backup: &&Backup| {
            backup.available
                && backup.table_id == "id"
                && (include_manual || !backup.name.starts_with("by hand"))
        };
        let counted: Vec<&Backup> = backups.iter().filter(counts).collect();
        for backup in &counted {
            let keeps = some_rule_keeps(backup, &counted, &rules, now);
            prop_assert_eq!(plan.delete.contains(backup), !keeps, "{:?}", backup);
        }
        prop_assert!(plan.delete.iter().all(counts));
        prop_assert!(counted.is_empty() || !plan.keep.is_empty(), "at least one counted backup is retained");
        // A second plan has nothing to delete.
        let left: Vec<Backup> = backups.iter().filter(|backup| !plan.delete.contains(backup)).cloned().collect();
        let again = rules.plan(&left, scope, now);
        prop_assert!(again.delete.is_empty(), "{:?}", again.delete);
        prop_assert_eq!(retained(&again), retained(&plan));
    }
}
