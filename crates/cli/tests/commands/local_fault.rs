//! `tablekeeper local fault`, against the stack that the AWS environment names.

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use serde_json::json;

use crate::shell::Shell;

#[tokio::test(flavor = "multi_thread")]
async fn calls_fail_until_the_faults_are_cleared() {
    let shell = Shell::new("498000000001").await;
    let list_tables = async || {
        let listed = shell.dynamodb.list_tables().send().await;
        listed.err().map(|error| error.code().unwrap_or("no response").to_owned())
    };
    let empty = shell.done(&["local", "fault", "--list"]).await;
    assert_eq!(empty.data, "no call of account 498000000001 fails by a fault\n");
    let misspelt = shell.done(&["local", "fault", "--deny", "ssm:PutParametr"]).await;
    assert_eq!(misspelt.remarks, "note: no step may call ssm:PutParametr; did you mean ssm:PutParameter?\n");
    assert_eq!(shell.done(&["local", "fault", "--clear"]).await.remarks, "");

    shell.done(&["local", "fault", "--deny", "dynamodb:ListTables", "--times", "1"]).await;
    assert_eq!(list_tables().await.as_deref(), Some("AccessDeniedException"));
    assert_eq!(list_tables().await, None, "one call was denied, and this is the second");

    shell.done(&["local", "fault", "--lose-response", "dynamodb:ListTables"]).await;
    assert_eq!(list_tables().await.as_deref(), Some("no response"));
    let listed = shell.done(&["local", "fault", "--list", "--json"]).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "an action has one fault: {listed}");
    let expected = json!(["lose-response", "dynamodb:ListTables", null]);
    assert_eq!(json!([listed[0]["fault"], listed[0]["action"], listed[0]["times"]]), expected);
    // The SDK retries a lost response.
    assert!(listed[0]["hits"].as_u64().unwrap() > 1, "{listed}");

    let other = Shell::new("498000000002").await;
    assert!(other.done(&["local", "fault", "--list"]).await.data.starts_with("no call of account"));
    assert_eq!(shell.done(&["local", "fault", "--clear", "--json"]).await.json(), json!([]));
    assert_eq!(list_tables().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_one_sentence() {
    let mut shell = Shell::new("498000000003").await;
    for (arguments, expected) in [
        (&["--deny", "PutParameter"][..], "expected an IAM action, such as ssm:PutParameter"),
        (&[], "required arguments were not provided"),
        (&["--list", "--clear"], "cannot be used with"),
        (&["--list", "--times", "1"], "cannot be used with"),
        (&["--deny", "ssm:PutParameter", "--times", "0"], "0 is not in 1.."),
    ] {
        let refused = shell.run(&[&["local", "fault"], arguments].concat()).await;
        assert_eq!(refused.code, Some(2), "{arguments:?}: {}", refused.remarks);
        assert!(refused.remarks.contains(expected), "{arguments:?}: {}", refused.remarks);
    }
    // A port of no stack: the discard service does not run here.
    for (endpoint, expected) in [
        ("http://127.0.0.1:9", "cannot reach a local stack at http://127.0.0.1:9; start one with"),
        ("https://dynamodb.eu-west-1.amazonaws.com", "is not a local stack of tablekeeper"),
    ] {
        shell.variables = vec![("AWS_ENDPOINT_URL", endpoint.to_owned())];
        let refused = shell.run(&["local", "fault", "--list"]).await;
        assert_eq!(refused.code, Some(1), "{}", refused.remarks);
        assert!(refused.remarks.contains(expected), "{}", refused.remarks);
    }
}
