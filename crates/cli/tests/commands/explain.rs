//! `explain`, and the lines of help and the account that lead to the next command.

use crate::shell::{CommandOutput, Shell};

#[tokio::test]
async fn an_error_name_is_explained_without_aws() {
    let shell = Shell::new("497000000001").await;
    let entry = shell.done(&["explain", "tablenotempty"]).await;
    assert!(entry.data.lines().count() > 1 && !entry.data.contains("]("), "{}", entry.data);
    let names = shell.done(&["explain"]).await;
    assert!(names.data.lines().any(|line| line.starts_with("BackupNotFound ")), "{}", names.data);
    let end = shell.done(&["explain", "Restore Not Started"]).await;
    assert!(end.data.contains("The end of an execution of rotate-restore: "), "{}", end.data);
    let input = shell.done(&["explain", "InvalidInput"]).await;
    assert!(!input.data.contains('|') && input.data.contains("\nany step"), "{}", input.data);
    let unknown = shell.run(&["explain", "BackupNotFund"]).await;
    let expected = "error: there is no error `BackupNotFund`; did you mean BackupNotFound?\n";
    assert_eq!((unknown.code, unknown.remarks.as_str()), (Some(2), expected));
}

#[tokio::test]
async fn failures_before_aws_are_told_apart() {
    let shell = Shell::new("497000000002").await;
    let failed = async |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = shell.command(arguments).await;
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_MAX_ATTEMPTS", "1");
        command.envs(variables.iter().copied());
        CommandOutput::from_output(command.output().await.unwrap())
    };
    let nobody = [("AWS_ENDPOINT_URL", "http://127.0.0.1:1")];
    for arguments in [&["plan", "prune", "--table", "orders", "--keep", "3"][..], &["executions"]] {
        let reported = failed(&nobody, arguments).await;
        assert_eq!(reported.code, Some(1), "{}", reported.remarks);
        assert!(reported.remarks.contains("cannot connect: Connection refused"), "{}", reported.remarks);
        let help = reported.help.unwrap();
        assert!(
            help.starts_with("nothing responds at http://127.0.0.1:1; `tablekeeper local status`"),
            "{help}"
        );
    }
    let no_one = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", ""), ("HOME", "/nonexistent")];
    let reported = failed(&no_one, &["executions"]).await;
    assert!(reported.remarks.contains("there are no usable AWS credentials"), "{}", reported.remarks);
    assert_eq!(reported.remarks.lines().count(), 1, "{}", reported.remarks);
    assert!(reported.help.unwrap().starts_with("choose a profile with --profile"));
}

#[tokio::test]
async fn a_command_that_writes_says_where_and_as_whom() {
    let shell = Shell::new("497000000003").await;
    shell.create("orders", "id", false).await;
    let exported = shell.done(&["export", "orders", "--to", "files"]).await;
    let account = exported.account.unwrap();
    assert!(account.starts_with("account 497000000003 in us-east-1 at http://127.0.0.1:"), "{account}");
    let quiet = shell.done(&["export", "orders", "--to", "files", "--quiet"]).await;
    assert_eq!((quiet.account, quiet.remarks.as_str()), (None, ""));
    let elsewhere = shell.run(&["export", "orders", "--to", "files", "--region", "eu-west-1"]).await;
    assert_eq!(elsewhere.code, Some(2), "{}", elsewhere.remarks);
    assert!(elsewhere.remarks.contains("table orders does not exist"), "{}", elsewhere.remarks);
    assert!(elsewhere.remarks.contains("in eu-west-1"), "{}", elsewhere.remarks);
}

#[tokio::test]
async fn the_settings_file_is_found_in_its_usual_places() {
    let shell = Shell::new("497000000004").await;
    shell.create("orders", "id", false).await;
    let without_region = async |arguments: &[&str]| {
        let mut command = shell.command(arguments).await;
        command.env_remove("AWS_REGION").env("AWS_CONFIG_FILE", "none");
        CommandOutput::from_output(command.output().await.unwrap())
    };
    let export = ["export", "orders", "--to", "files"];
    let missing = without_region(&export).await;
    assert!(
        missing.code == Some(2) && missing.remarks.contains("no AWS Region is set"),
        "{}",
        missing.remarks
    );
    let user = shell.path("tablekeeper");
    std::fs::create_dir(&user).unwrap();
    std::fs::write(user.join("config.toml"), "[aws]\nregion = \"us-east-1\"\n").unwrap();
    assert_eq!(without_region(&export).await.code, Some(0));
    // The file of the directory is nearer, an option is nearer still.
    std::fs::write(shell.path("tablekeeper.toml"), "[aws]\nregion = \"eu-west-1\"\n").unwrap();
    assert!(without_region(&export).await.account.unwrap().contains(" in eu-west-1 "));
    let option = [&export[..], &["--region", "us-east-1"]].concat();
    assert_eq!(without_region(&option).await.code, Some(0));
    assert_eq!(shell.run(&export).await.code, Some(0), "the environment is nearer than the file");
    std::fs::write(shell.path("tablekeeper.toml"), "[aws]\nregio = \"eu-west-1\"\n").unwrap();
    let misspelt = shell.run(&export).await;
    assert_eq!(misspelt.code, Some(2), "{}", misspelt.remarks);
    assert!(
        misspelt.remarks.starts_with("error: tablekeeper.toml, line 2: unknown field `regio`"),
        "{}",
        misspelt.remarks
    );
}

#[tokio::test]
async fn the_credentials_of_a_profile_win_over_those_of_the_environment() {
    let shell = Shell::new("497000000005").await;
    let keys = "[other]\naws_access_key_id = 497000000006\naws_secret_access_key = local\n";
    std::fs::write(shell.path("credentials"), keys).unwrap();
    let export = async |profile: &str| {
        let mut command = shell.command(&["export", "orders", "--to", "files", "--profile", profile]).await;
        command.env("AWS_SHARED_CREDENTIALS_FILE", shell.path("credentials")).env("AWS_CONFIG_FILE", "none");
        CommandOutput::from_output(command.output().await.unwrap())
    };
    let other = export("other").await;
    assert!(other.account.as_ref().unwrap().starts_with("account 497000000006 "), "{:?}", other.account);
    let unknown = export("nope").await;
    assert_eq!(unknown.code, Some(2), "{}", unknown.remarks);
    assert!(unknown.remarks.starts_with("error: --profile is `nope`; no profile "), "{}", unknown.remarks);
}
