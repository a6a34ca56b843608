use chrono::TimeDelta;

use super::super::collect::Stores;
use super::super::rules::Rules;
use super::super::testing::{Account, collected, keep_page};
use super::*;

fn drawn(name: &str, account: &Account) -> String {
    let collected = collected(account, &Stores::default()).unwrap();
    keep_page(name, &Fleet::new(collected, Rules::built_in(), Some(0.25)))
}

#[tokio::test]
async fn a_page_can_be_read_sorted_and_filtered_and_fetches_nothing() {
    let account = Account::new();
    account.table("orders").pitr("orders", 20).backup("orders", TimeDelta::days(3)).table("sessions");
    let page = drawn("one-of-two-tables-is-broken", &account);
    for part in [
        "<main>",
        "<header class=\"bad\"",
        "<footer>",
        "<h1>1 of 2 tables break a rule</h1>",
        "lang=\"en\"",
        "<th scope=\"col\" role=\"columnheader\" data-number=\"\"><button type=\"button\">Loss now",
        "<th scope=\"row\" role=\"rowheader\" data-sort=\"orders\">orders</th>",
        "<label for=\"filter\">",
        "aria-sort",
        "<td role=\"cell\" data-label=\"Loss now\" data-sort=\"300\">5 min",
        "aria-label=\"PITR: every second from 2026-11-10 12:00 to 2026-11-30 11:55; backup: oldest 2026-11-27 12:00, newest 2026-11-27 12:00\"",
        // 15 of 35 days are before the window: 90 of 210.
        "<rect class=\"seconds\" x=\"90.0\"",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("src="), "{page}");
    let rows: Vec<&str> =
        page.match_indices("role=\"rowheader\"").map(|(at, _)| &page[at..at + 45]).collect();
    assert!(rows[0].contains("sessions"), "the worst comes first: {rows:?}");
}

#[tokio::test]
async fn a_page_escapes_what_aws_says() {
    let account = Account::new();
    account.table("orders");
    account.aws.response("dynamodb:ListBackups", |_| {
        (
            400,
            serde_json::json!({ "__type": "AccessDeniedException", "message": "<script>alert(1)</script>" }),
        )
    });
    let page = drawn("refused", &account);
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<script>alert"),
        "{page}"
    );
    assert!(page.contains("<header class=\"unsure\""), "{page}");
    assert!(page.contains("backups: dynamodb:ListBackups failed"), "{page}");
}
