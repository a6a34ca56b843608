//! Commands that were stopped resume.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::support::{Account, item, passed_second, text};
use crate::shell::{CommandOutput, stack};

#[tokio::test]
async fn stopped_backfills_and_snapshots_resume() {
    let account = Account::new("460000000003").await;
    let filling = "x".repeat(5_000);
    let items: Vec<Value> = (0..600).map(|number| item(&format!("{number:05}"), &filling)).collect();
    account.put("orders", &items).await;
    let proxy = stack().await.proxy();
    let backfill = ["backfill", "orders", "--segments", "1"];
    account.refuse_after("s3:PutObject", 450).await;
    let stopped = account.run(&backfill).await;
    assert_eq!(stopped.code, Some(1), "{}", stopped.remarks);
    assert!(
        stopped.remarks.contains(".tablekeeper-backfill-orders.json has the progress"),
        "{}",
        stopped.remarks
    );
    assert!(
        stopped.remarks.lines().last().unwrap().starts_with("error: s3:PutObject failed: "),
        "{}",
        stopped.remarks
    );
    proxy.clear_rules(account.name);
    let differs =
        "--segments is 2, but the backfill in .tablekeeper-backfill-orders.json has 1; leave it out, or";
    account.refused(&["backfill", "orders", "--resume", "--segments", "2"], 2, differs).await;
    // The same command resumes, even if other settings made it begin with fewer segments than it asks for.
    std::fs::write(account.path("one.toml"), "[dynamodb]\nparallelism = 1\n").unwrap();
    for capped in [["--segments", "3", "--config", "one.toml"], ["--segments", "3", "--max-rate", "1"]] {
        account.refuse_after("s3:PutObject", 0).await;
        let expected = "s3:PutObject failed: ";
        account.refused(&[&backfill[..2], &["--resume"], &capped].concat(), 1, expected).await;
        proxy.clear_rules(account.name);
    }
    let before = account.calls("s3:PutObject").await;
    let reported = account.done(&[&backfill[..2], &["--resume", "--json"]].concat()).await;
    assert_eq!(reported.json()["itemCount"], json!(600));
    let made = account.calls("s3:PutObject").await - before;
    assert!((150..500).contains(&made), "finished items are skipped: {made} puts");
    let nothing = "nothing to resume: .tablekeeper-backfill-orders.json not found. Run without --resume to start a \
                   new backfill";
    account.refused(&["backfill", "orders", "--resume"], 2, nothing).await;

    // Host, port and TLS apply only to DynamoDB.
    let at = text(passed_second().await);
    let endpoint = stack().await.endpoint();
    let port = endpoint.rsplit_once(':').unwrap().1.trim_end_matches('/').to_owned();
    let file = format!(
        "table = \"orders\"\n[dynamodb]\nregion = \"us-east-1\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = false\n"
    );
    std::fs::write(account.path("orders.toml"), file).unwrap();
    let snapshot = ["snapshot", "--at", &at, "--settle", "0", "--config", "orders.toml"];
    let run = async |arguments: &[&str]| {
        let mut command = account.command(arguments).await;
        command.env_remove("AWS_ENDPOINT_URL").env("AWS_ENDPOINT_URL_S3", endpoint).env_remove("AWS_REGION");
        CommandOutput::from_output(command.output().await.unwrap())
    };
    // Some of its sixteen files are complete.
    account.refuse_after("s3:PutObject", 8).await;
    let stopped = run(&snapshot).await;
    proxy.clear_rules(account.name);
    assert_eq!(stopped.code, Some(1), "{}{}", stopped.data, stopped.remarks);
    assert!(
        stopped.remarks.contains(&format!("--at {at} --resume continues the snapshot")),
        "{}",
        stopped.remarks
    );
    account.refused(&snapshot, 2, "the snapshot 20").await;
    let reported = run(&["snapshot", "--resume", "--settle", "0", "--config", "orders.toml"]).await;
    assert_eq!(reported.code, Some(0), "{}", reported.remarks);
    assert!(reported.data.contains(": 600 items, "), "{}", reported.data);
    account
        .refused(
            &["snapshot", "--resume"],
            2,
            "nothing to resume: no incomplete snapshot in s3://snapshots-460000000003/ that the command line began",
        )
        .await;

    // Ctrl-C while it waits for the stream.
    let mut child = account.command(&["snapshot", "orders"]).await.spawn().unwrap();
    let mut remarks = BufReader::new(child.stderr.take().unwrap()).lines();
    let waits = "waiting ";
    while !remarks.next_line().await.unwrap().unwrap().starts_with(waits) {}
    let id = child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let reported = remarks.next_line().await.unwrap().unwrap();
    assert!(reported.starts_with("interrupted; complete files stay in s3://snapshots-"), "{reported}");
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
    let shards = account.run(&["snapshot", "--resume", "--shards", "3"]).await;
    assert!(shards.remarks.starts_with("error: --shards is 3, but the snapshot 20"), "{}", shards.remarks);
    let reported = account.done(&["snapshot", "--resume", "--settle", "0"]).await;
    assert!(reported.data.contains(": 600 items, "), "{}", reported.data);
}
