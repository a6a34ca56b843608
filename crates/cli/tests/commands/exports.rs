//! `tablekeeper exports list`, and `latest` of `tablekeeper import`.

use serde_json::{Value, json};
use tablekeeper_tests::items_of;

use crate::shell::{Shell, stack};

/// Exports a table, and returns the location of the export's folder.
async fn export(shell: &Shell, table: &str, to: &str) -> String {
    let reported = shell.done(&["export", table, "--to", to]).await;
    reported.data.split_once("AWSDynamoDB/").unwrap().0.to_owned()
}

async fn put(shell: &Shell, table: &str, id: &str) {
    let id = aws_sdk_dynamodb::types::AttributeValue::S(id.to_owned());
    shell.dynamodb.put_item().table_name(table).item("id", id).send().await.unwrap();
}

async fn account(name: &'static str) -> Shell {
    let shell = Shell::new(name).await;
    for table in ["orders", "others", "copy", "again"] {
        shell.create(table, "id", false).await;
    }
    put(&shell, "orders", "1").await;
    shell.s3.create_bucket().bucket(format!("exports-{name}")).send().await.unwrap();
    shell
}

async fn refused(shell: &Shell, line: &str, code: i32, expected: &str) {
    let reported = shell.run(&line.split(' ').collect::<Vec<_>>()).await;
    assert_eq!((reported.code, reported.data.as_str()), (Some(code), ""), "{line}: {}", reported.remarks);
    let error = reported.remarks.lines().last().unwrap();
    assert!(error.starts_with(&format!("error: {expected}")), "{line}: {}", reported.remarks);
}

#[tokio::test]
async fn exports_are_listed_in_a_directory_and_a_bucket() {
    let shell = account("490000000021").await;
    for to in ["out", "s3://exports-490000000021/daily"] {
        let first = export(&shell, "orders", to).await;
        let second = export(&shell, "others", to).await;
        stack().await.proxy().inject(local_aws::Rule {
            account: shell.name.to_owned(),
            step: None,
            action: "dynamodb:Scan".to_owned(),
            from_ordinal: 0,
            times: usize::MAX,
            fault: local_aws::Fault::Refuse,
        });
        assert_eq!(shell.run(&["export", "orders", "--to", to]).await.code, Some(1));
        stack().await.proxy().clear_rules(shell.name);
        let reported = shell.done(&["exports", "list", to]).await;
        let lines: Vec<&str> = reported.data.lines().collect();
        assert_eq!(lines.len(), 4, "{}", reported.data);
        assert!(lines[0].starts_with("TABLE ") && lines[0].ends_with("STATE       LOCATION"), "{}", lines[0]);
        assert!(
            lines[1].starts_with("orders  ") && lines[1].ends_with(&format!("  complete    {first}")),
            "{}",
            lines[1]
        );
        assert!(
            lines[2].starts_with("others  ") && lines[2].contains("            0          0 B  complete "),
            "{}",
            lines[2]
        );
        assert!(
            lines[3].contains("  incomplete  ") && lines[3].contains(" (begun by the command line"),
            "{}",
            lines[3]
        );
        let reported = shell.done(&["exports", "list", to, "--json"]).await;
        let lines: Vec<Value> =
            reported.data.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let time = &lines[1]["time"];
        let expected = json!({ "location": second, "state": "complete", "table": "others", "time": time, "itemCount": 0,
            "bytes": 0, "owner": null, "reason": null });
        assert_eq!(lines[1], expected);
        assert_eq!((&lines[2]["state"], &lines[2]["table"]), (&json!("incomplete"), &json!("orders")));
    }
    std::fs::create_dir(shell.path("empty")).unwrap();
    let none = shell.done(&["exports", "list", "empty"]).await;
    assert_eq!((none.data.as_str(), none.remarks.as_str()), ("", "there is no export below empty\n"));
    assert_eq!(shell.done(&["exports", "list"]).await.data.lines().count(), 4);
    refused(&shell, "exports list nowhere", 2, "LOCATION is nowhere, which is not a directory; it must be")
        .await;
    refused(&shell, "exports list s3://missing-490000000021", 1, "s3:ListBucket").await;
}

#[tokio::test]
async fn latest_is_the_newest_complete_export_of_the_table() {
    let shell = account("490000000022").await;
    for (copy, to) in [("copy", "out"), ("again", "s3://exports-490000000022/daily")] {
        let latest = format!("{to}/latest");
        refused(
            &shell,
            &format!("import {copy} --from {latest}"),
            2,
            if to == "out" {
                "--from is out/latest, but there is no directory out"
            } else {
                "there is no export below"
            },
        )
        .await;
        export(&shell, "orders", to).await;
        put(&shell, "orders", copy).await;
        let second = export(&shell, "orders", to).await;
        let expected = items_of(&shell.dynamodb, "orders").await.len();
        // Another table has a newer export, and an incomplete one is newer still.
        put(&shell, "others", "x").await;
        export(&shell, "others", to).await;
        let several = "there are exports of orders, others below ";
        refused(&shell, &format!("import {copy} --from {latest}"), 2, several).await;
        let reported = shell.done(&["import", copy, "--from", &format!("{to}/orders/latest")]).await;
        let line = reported.remarks.lines().next().unwrap();
        assert!(line.starts_with(&format!("latest is {second}, of orders at 20")), "{line}");
        assert!(line.ends_with(&format!("with {expected} items")), "{line}");
        assert_eq!(items_of(&shell.dynamodb, copy).await.len(), expected);
        let own = shell.done(&["import", "orders", "--from", &latest, "--merge", "--yes"]).await;
        assert!(own.remarks.starts_with(&format!("latest is {second}, of orders at ")), "{}", own.remarks);
    }
    // A directory of this name is an ordinary one.
    std::fs::create_dir_all(shell.path("out/latest")).unwrap();
    refused(
        &shell,
        "import copy --from out/latest --format plain --merge --yes",
        1,
        "out/latest/: there are no files",
    )
    .await;
}
