//! The settings that a new table lacks, and what copies them.

use aws_sdk_dynamodb::types::TableDescription;
use tablekeeper_core::settings::profile::Profile;
use tablekeeper_core::settings::{SettingName, Settings, setting, warm_throughput};

/// The warm throughput of a new table on demand, which needs no copying.
const WARM_AT_FIRST: (i64, i64) = (12_000, 4_000);

/// Returns a line for each setting that is not copied.
pub(super) fn of_settings(settings: &Settings) -> Vec<String> {
    let unknown = SettingName::ALL.iter().copied().filter(|name| !setting(*name).is_known(settings));
    let unknown: Vec<&str> = unknown.map(SettingName::as_str).collect();
    let mut lines: Vec<String> = SettingName::ALL
        .iter()
        .copied()
        .filter_map(|name| of_setting(name, settings).map(|what| (name, what)))
        .map(|(name, what)| {
            format!("{name} is not copied: {what}; the workflow sync-settings copies it{}", condition(name))
        })
        .collect();
    if !unknown.is_empty() {
        lines.push(format!(
            "it is not known whether the table had {}; sync-settings finds out if the table still exists",
            unknown.join(", ")
        ));
    }
    lines
}

/// Returns a line if the table has replicas.
pub(super) fn of_replicas(table: &TableDescription) -> Option<String> {
    let regions: Vec<&str> = table.replicas().iter().filter_map(|replica| replica.region_name()).collect();
    (!regions.is_empty()).then(|| {
        format!(
            "the replicas in {} are not made; `aws dynamodb update-table --replica-updates` makes them",
            regions.join(", ")
        )
    })
}

/// Says when sync-settings copies the setting, unless it always does.
fn condition(name: SettingName) -> &'static str {
    match (name.is_on_by_default(), Profile::Copy.why_off(name, true)) {
        (false, _) => " if it is switched on",
        (true, Some(_)) => " with the profile replacement",
        (true, None) => "",
    }
}

/// Describes a setting that the table has and a new table lacks. The definition of a table has its class and its
/// maximum throughput.
fn of_setting(name: SettingName, settings: &Settings) -> Option<String> {
    let counted = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        several => Some(format!("{several} {what}s")),
    };
    match name {
        SettingName::TableClass | SettingName::OnDemandThroughput => None,
        SettingName::Tags => counted(settings.tags.as_ref()?.0.len(), "tag"),
        SettingName::Stream => settings.stream.as_ref()?.stream_view_type.clone(),
        SettingName::WarmThroughput => warm(settings.warm_throughput.as_ref()?),
        SettingName::PointInTimeRecovery => {
            let days = settings.point_in_time_recovery.as_ref()?.recovery_period_in_days?;
            Some(format!("{days} days"))
        }
        SettingName::KinesisDestinations => {
            counted(settings.kinesis_destinations.as_ref()?.streams.len(), "stream")
        }
        SettingName::LambdaTriggers => counted(settings.lambda_triggers.as_ref()?.0.len(), "trigger"),
        SettingName::AutoScaling => {
            let scaled = settings.auto_scaling.as_ref()?.0.values();
            let is_scaled = |scaled: &&tablekeeper_core::settings::auto_scaling::Scaled| {
                scaled.read_capacity_units.is_some() || scaled.write_capacity_units.is_some()
            };
            counted(scaled.filter(is_scaled).count(), "scaled table or index")
        }
        SettingName::ContributorInsights => {
            let insights = settings.contributor_insights.as_ref()?;
            counted(insights.indexes.len() + usize::from(insights.table.is_some()), "rule")
        }
        SettingName::ResourcePolicies => {
            let policies = settings.resource_policies.as_ref()?;
            let count = [&policies.table, &policies.stream].iter().filter(|policy| policy.is_some()).count();
            match count {
                1 => Some("1 policy".to_owned()),
                0 => None,
                several => Some(format!("{several} policies")),
            }
        }
        SettingName::Alarms => counted(settings.alarms.as_ref()?.0.len(), "alarm"),
        SettingName::DeletionProtection => settings.deletion_protection?.0.then(|| "on".to_owned()),
        SettingName::TimeToLive => {
            settings.time_to_live.as_ref()?.attribute_name.as_ref().map(|name| format!("by {name}"))
        }
    }
}

fn warm(value: &warm_throughput::Value) -> Option<String> {
    let (reads, writes) = WARM_AT_FIRST;
    let is_more = |units: &&warm_throughput::Units| {
        units.read_units_per_second > reads || units.write_units_per_second > writes
    };
    let units = std::iter::once(&value.table).chain(value.indexes.values()).find(is_more)?;
    Some(format!(
        "{} reads and {} writes per second",
        units.read_units_per_second, units.write_units_per_second
    ))
}

#[cfg(test)]
mod tests {
    use tablekeeper_core::settings::{deletion_protection, stream, tags, time_to_live};

    use super::*;

    #[test]
    fn each_setting_that_a_new_table_lacks_has_a_line() {
        let tags = [("team", "a"), ("cost", "b")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let units = |reads, writes| warm_throughput::Units {
            read_units_per_second: reads,
            write_units_per_second: writes,
        };
        let settings = Settings {
            tags: Some(tags::Value(tags.into())),
            stream: Some(stream::Value { stream_view_type: Some("KEYS_ONLY".to_owned()) }),
            warm_throughput: Some(warm_throughput::Value {
                table: units(12_000, 4_000),
                ..Default::default()
            }),
            deletion_protection: Some(deletion_protection::Value(true)),
            time_to_live: Some(time_to_live::Value { attribute_name: Some("until".to_owned()) }),
            ..Settings::default()
        };
        let expected = [
            "Tags is not copied: 2 tags; the workflow sync-settings copies it",
            "Stream is not copied: KEYS_ONLY; the workflow sync-settings copies it",
            "DeletionProtection is not copied: on; the workflow sync-settings copies it",
            "TimeToLive is not copied: by until; the workflow sync-settings copies it with the profile replacement",
        ];
        let lines = of_settings(&settings);
        assert_eq!(lines[..4], expected);
        assert!(
            lines[4].starts_with("it is not known whether the table had TableClass, OnDemandThroughput, ")
        );
        let warm_throughput = warm_throughput::Value { table: units(12_000, 4_001), ..Default::default() };
        let warm = Settings { warm_throughput: Some(warm_throughput), ..settings };
        let expected = "WarmThroughput is not copied: 12000 reads and 4001 writes per second; the workflow sync-settings copies it if it \
                        is switched on";
        assert_eq!(of_settings(&warm)[2], expected);
    }
}
