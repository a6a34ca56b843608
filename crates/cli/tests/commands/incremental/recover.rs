//! `tablekeeper recover`: an item is recovered, unless it was changed after it was shown.

use local_aws::Fault;
use serde_json::json;

use super::support::{Account, all_types, passed_second, text};
use crate::shell::stack;

#[tokio::test]
async fn an_item_is_recovered_if_it_is_still_as_shown() {
    let account = Account::new("460000000002").await;
    let key = r#"{"id":{"S":"all"}}"#;
    let all = all_types().pop().unwrap();
    account.change("INSERT", "all", Some(&all), 1).await;
    let first = text(passed_second().await);
    let mut changed = all.clone();
    let members = changed.as_object_mut().unwrap();
    members.remove("ss");
    members.insert("n".to_owned(), json!({ "N": "7" }));
    members.insert("more".to_owned(), json!({ "S": "…" }));
    account.change("MODIFY", "all", Some(&changed), 2).await;
    let asks = ["recover", "orders", "--key", key, "--at", &first];
    let recover = [&asks[..], &["--yes"]].concat();

    let dry = account.done(&[&asks[..], &["--dry-run"]].concat()).await;
    let shown = format!(
        "the item {key}, as it is now, and what it was at {first}:\n- \"more\": {{\"S\":\"…\"}}\n\
         ~ \"n\": {{\"N\":\"7\"}} -> {{\"N\":\"-12345678901234567890.123456789\"}}\n+ \"ss\": {{\"SS\":[\"a\"]}}\n"
    );
    let (difference, since) = dry.data.split_at(shown.len());
    assert_eq!(difference, shown);
    let since: Vec<&str> = since.lines().collect();
    assert_eq!((since.len(), since[0]), (3, "changes since then, the newest first:"), "{since:?}");
    assert!(since[1].starts_with("TIME ") && since[2].contains("  MODIFY  "), "{since:?}");
    let shown = dry.data.clone();
    assert!(dry.remarks.ends_with("nothing was written (--dry-run)\n"), "{}", dry.remarks);
    assert_eq!(account.items("orders").await["all"], changed);
    let json = account.done(&[&asks[..], &["--dry-run", "--json"]].concat()).await.json();
    assert_eq!((&json["outcome"], &json["changes"][0]["attribute"]), (&json!("dryRun"), &json!("more")));
    assert_eq!((json["since"].as_array().unwrap().len(), &json["since"][0]["event"]), (1, &json!("MODIFY")));

    // A later write is not undone without --yes.
    for (more, data) in [(&[][..], shown.as_str()), (&["--json"], "")] {
        let reported = account.run(&[&asks[..], more].concat()).await;
        assert_eq!((reported.code, reported.data.as_str()), (Some(2), data), "{}", reported.remarks);
        let error = reported.remarks.lines().last().unwrap();
        assert!(
            error.starts_with(
                "error: the item was changed since --at, and these changes would be undone; nothing"
            ),
            "{error}"
        );
        assert_eq!(account.items("orders").await["all"], changed);
    }

    // The item changes between the read and the write.
    let child = account.until_it_calls("dynamodb:UpdateItem", &recover).await;
    changed["name"] = json!({ "S": "changed" });
    changed["n"] = json!({ "N": "8" });
    account.put("orders", std::slice::from_ref(&changed)).await;
    let reported = account.released(child).await;
    let expected = format!(
        "error: the item {key} of table orders was changed after it was shown, so nothing was written; run the \
         command again to see its current state\n"
    );
    assert_eq!((reported.code, reported.data), (Some(1), shown));
    assert!(reported.remarks.ends_with(&expected), "{}", reported.remarks);
    assert_eq!(account.items("orders").await["all"], changed);

    // A new attribute that was not shown, which no condition can exclude, is left unchanged.
    let child = account.until_it_calls("dynamodb:UpdateItem", &recover).await;
    changed["unseen"] = json!({ "S": "new" });
    account.put("orders", std::slice::from_ref(&changed)).await;
    let reported = account.released(child).await;
    let expected = "error: the shown attributes are written, but other attributes were added to the item after it was \
                    shown and are left unchanged: unseen; ";
    assert_eq!(reported.code, Some(1));
    assert!(reported.remarks.contains(expected), "{}", reported.remarks);
    let mut whole = all.clone();
    whole["unseen"] = json!({ "S": "new" });
    assert_eq!(account.items("orders").await["all"], whole);

    // A lost response is detected.
    let proxy = stack().await.proxy();
    account.fault("dynamodb:UpdateItem", 0, 1, Fault::LoseResponse).await;
    let reported = account.done(&recover).await;
    proxy.clear_rules(account.name);
    assert!(
        reported.remarks.ends_with(&format!("the item {key} is as it was at {first}\n")),
        "{}",
        reported.remarks
    );
    assert_eq!(account.items("orders").await["all"], all);
    let same = account.done(&recover).await;
    let expected = format!("the item {key} is as it was at {first}; nothing was changed\n");
    assert!(same.remarks.ends_with(&expected) && same.data.is_empty(), "{}{}", same.data, same.remarks);

    // A change that the stream has not brought yet is a later write as well.
    let second = text(passed_second().await);
    let reported = account.run(&["recover", "orders", "--key", key, "--at", &second]).await;
    let expected = "the bucket has no later change; the stream may still bring one\n";
    assert!(
        reported.code == Some(2) && reported.data.ends_with(expected),
        "{}{}",
        reported.data,
        reported.remarks
    );

    // A deleted item is recovered. An item that did not exist then is not.
    account.change("REMOVE", "all", None, 3).await;
    let reported = account.done(&[&recover[..], &["--json"]].concat()).await;
    assert_eq!(
        (&reported.json()["outcome"], &reported.json()["key"]),
        (&json!("recovered"), &json!({ "id": { "S": "all" } }))
    );
    assert_eq!(account.items("orders").await["all"], all);
    let gone = text(passed_second().await);
    let reported = account.run(&["recover", "orders", "--key", key, "--at", &gone]).await;
    let error = reported.remarks.lines().last().unwrap();
    let end = format!("Z, and did not exist at {gone}; nothing was changed");
    assert!(
        error.starts_with(&format!("error: the item {key} of table orders was deleted at 20"))
            && error.ends_with(&end),
        "{error}"
    );
    assert_eq!((reported.code, reported.data.as_str()), (Some(1), ""));
    assert_eq!(account.items("orders").await["all"], all);

    // The bucket knows of the deletion, although it does not yet know that the item was put back.
    let history = account.done(&["history", "orders", "--key", key]).await;
    let deleted = history.data.lines().nth(1).unwrap().split(' ').next().unwrap();
    assert_eq!(history.remarks, format!("the item was deleted at {deleted}\n"));
    let early = "the item {\"id\":{\"S\":\"all\"}} of table orders did not exist at 2001-01-01T00:00:00Z; nothing was";
    account.refused(&["recover", "orders", "--key", key, "--at", "2001-01-01T00:00:00Z"], 1, early).await;
}
