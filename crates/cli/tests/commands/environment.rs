//! What commands take from the environment, the AWS profile and the settings file: what is wrong is refused by name, and
//! what is more specific wins.

use crate::shell::{CommandOutput, Shell, stack};

/// Runs a command with these variables and a configuration file of AWS.
async fn run(shell: &Shell, line: &str, variables: &[(&str, &str)]) -> CommandOutput {
    let mut command = shell.command(&line.split(' ').collect::<Vec<_>>()).await;
    command.env("AWS_CONFIG_FILE", shell.path("aws-config"));
    command.env("AWS_SHARED_CREDENTIALS_FILE", shell.path("aws-credentials"));
    command.env("AWS_EC2_METADATA_DISABLED", "true").env_remove("AWS_DEFAULT_REGION");
    for (name, value) in variables {
        match *value {
            "-" => command.env_remove(name),
            value => command.env(name, value),
        };
    }
    CommandOutput::from_output(command.output().await.unwrap())
}

#[tokio::test]
async fn wrong_variables_are_refused_by_name() {
    let shell = Shell::new("490000000111").await;
    shell.create("orders", "id", true).await;
    for (variable, value, expected) in [
        (
            "AWS_ENDPOINT_URL",
            "127.0.0.1:4773",
            "`127.0.0.1:4773`; expected a URL such as http://127.0.0.1:4580",
        ),
        ("AWS_ENDPOINT_URL_DYNAMODB", "ftp://x", "`ftp://x`; expected a URL such as http://127.0.0.1:4580"),
        ("AWS_REGION", "eu west", "`eu west`; expected a Region such as eu-west-1"),
        ("AWS_MAX_ATTEMPTS", "x", "`x`; expected a whole number from 1"),
        ("AWS_MAX_ATTEMPTS", "0", "`0`; expected a whole number from 1"),
        ("AWS_RETRY_MODE", "foo", "`foo`; expected `standard` or `adaptive`"),
    ] {
        for line in ["template orders", "executions"] {
            let refused = run(&shell, line, &[(variable, value)]).await;
            assert_eq!(refused.code, Some(2), "{variable}: {}", refused.remarks);
            assert_eq!(refused.remarks, format!("error: {variable} is {expected}\n"));
        }
    }
}

#[tokio::test]
async fn empty_variables_count_as_unset() {
    let shell = Shell::new("490000000112").await;
    shell.create("orders", "id", true).await;
    let empty = [
        ("AWS_MAX_ATTEMPTS", ""),
        ("AWS_RETRY_MODE", ""),
        ("AWS_PROFILE", ""),
        ("AWS_ENDPOINT_URL_DYNAMODB", ""),
        ("TABLEKEEPER_CONFIG", ""),
    ];
    let reported = run(&shell, "template orders", &empty).await;
    assert_eq!(reported.code, Some(0), "{}", reported.remarks);
    // Without an endpoint, the profile's applies.
    std::fs::write(shell.path("aws-config"), "[default]\nendpoint_url = http://127.0.0.1:1\n").unwrap();
    let unreachable =
        run(&shell, "template orders", &[("AWS_ENDPOINT_URL", ""), ("AWS_MAX_ATTEMPTS", "1")]).await;
    assert_eq!(unreachable.code, Some(1), "{}", unreachable.remarks);
    assert!(unreachable.remarks.contains("cannot connect"), "{}", unreachable.remarks);
    let no_region = run(&shell, "template orders", &[("AWS_REGION", "")]).await;
    assert_eq!(no_region.code, Some(2), "{}", no_region.remarks);
    assert!(no_region.remarks.contains("no AWS Region is set"), "{}", no_region.remarks);
}

#[tokio::test]
async fn wrong_values_of_the_settings_file_and_the_profile_are_refused_by_place() {
    let shell = Shell::new("490000000113").await;
    for (key, value, expected) in [
        ("endpoint-url", "127.0.0.1:4773", "expected a URL such as http://127.0.0.1:4580"),
        ("region", "", "expected a Region such as eu-west-1"),
    ] {
        std::fs::write(shell.path("tablekeeper.toml"), format!("[aws]\n{key} = \"{value}\"\n")).unwrap();
        let variables = [("AWS_ENDPOINT_URL", "-"), ("AWS_REGION", "-")];
        let refused = run(&shell, "template orders", &variables).await;
        assert_eq!(refused.code, Some(2), "{}", refused.remarks);
        let expected = format!("error: aws.{key} of tablekeeper.toml (line 2) is `{value}`; {expected}\n");
        assert_eq!(refused.remarks, expected);
    }
    std::fs::remove_file(shell.path("tablekeeper.toml")).unwrap();
    std::fs::write(shell.path("aws-config"), "[default]\nmax_attempts = many\n").unwrap();
    let refused = run(&shell, "executions", &[]).await;
    assert_eq!(
        refused.remarks,
        "error: max_attempts of the profile default is `many`; expected a whole number from 1\n"
    );
    let empty = shell.run(&["template", "orders", "--region", ""]).await;
    assert_eq!(empty.code, Some(2), "{}", empty.remarks);
}

#[tokio::test]
async fn keys_of_the_environment_win_over_the_profile_of_the_settings_file() {
    let shell = Shell::new("490000000114").await;
    let keys = "[other]\naws_access_key_id = 490000000115\naws_secret_access_key = local\n";
    std::fs::write(shell.path("aws-credentials"), keys).unwrap();
    std::fs::write(shell.path("aws-config"), "[profile other]\nregion = eu-central-1\n").unwrap();
    std::fs::write(shell.path("tablekeeper.toml"), "[aws]\nprofile = \"other\"\n").unwrap();
    let account = async |line: &str, variables: &[(&str, &str)]| {
        run(&shell, line, variables).await.account.unwrap_or_default()
    };
    let export = "export orders --to out --dry-run";
    let no_keys = [("AWS_ACCESS_KEY_ID", "-"), ("AWS_SECRET_ACCESS_KEY", "-"), ("AWS_REGION", "-")];
    let of_file = account(export, &no_keys).await;
    assert!(of_file.starts_with("account 490000000115 in eu-central-1 "), "{of_file}");
    let of_environment = account(export, &[("AWS_REGION", "-")]).await;
    assert!(of_environment.starts_with("account 490000000114 in eu-central-1 "), "{of_environment}");
    let of_option = account(&format!("{export} --profile other"), &[]).await;
    assert!(of_option.starts_with("account 490000000115 in us-east-1 "), "{of_option}");
}

#[tokio::test]
async fn a_profile_that_does_not_exist_is_named_first() {
    let shell = Shell::new("490000000116").await;
    let no_region = [("AWS_REGION", "-")];
    let option = run(&shell, "executions --profile nosuch", &no_region).await;
    let right =
        "is `nosuch`; no profile has this name (`aws configure list-profiles` lists the existing ones)";
    assert_eq!((option.code, option.remarks), (Some(2), format!("error: --profile {right}\n")));
    let no_keys = [("AWS_PROFILE", "nosuch"), ("AWS_ACCESS_KEY_ID", "-")];
    let variable = run(&shell, "executions", &no_keys).await;
    assert_eq!((variable.code, variable.remarks), (Some(2), format!("error: AWS_PROFILE {right}\n")));
    // Variables with keys precede the profile, which need not exist then.
    shell.create("orders", "id", true).await;
    let unused = run(&shell, "template orders", &[("AWS_PROFILE", "nosuch")]).await;
    assert_eq!(unused.code, Some(0), "{}", unused.remarks);
}

#[tokio::test]
async fn a_profile_without_its_sign_in_says_how_to_sign_in() {
    let shell = Shell::new("490000000117").await;
    let profile = "[profile sso]\nsso_session = company\nsso_account_id = 490000000117\nsso_role_name = r\n\
                   region = us-east-1\n[sso-session company]\nsso_start_url = https://example.com\n\
                   sso_region = us-east-1\n";
    std::fs::write(shell.path("aws-config"), profile).unwrap();
    let home = shell.directory.path().display().to_string();
    for (line, variables) in [
        ("executions --profile sso", vec![("HOME", home.as_str())]),
        ("executions", vec![("HOME", home.as_str()), ("AWS_PROFILE", "sso"), ("AWS_ACCESS_KEY_ID", "-")]),
    ] {
        let failed = run(&shell, line, &variables).await;
        assert_eq!(failed.code, Some(1), "{}", failed.remarks);
        assert!(failed.remarks.contains("there are no usable AWS credentials"), "{}", failed.remarks);
        assert_eq!(failed.help.as_deref(), Some("sign in with `aws sso login --profile sso`"));
    }
}

#[tokio::test]
async fn the_endpoint_of_the_service_that_was_called_is_named() {
    let shell = Shell::new("490000000118").await;
    let dead = [("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1"), ("AWS_MAX_ATTEMPTS", "1")];
    let failed = run(&shell, "template orders", &dead).await;
    assert_eq!(failed.code, Some(1), "{}", failed.remarks);
    let help = failed.help.unwrap();
    assert!(help.starts_with("nothing responds at http://127.0.0.1:1;"), "{help}");

    let own = stack().await.endpoint();
    let own = own.replace("127.0.0.1", "localhost");
    let missing =
        run(&shell, "export nothing --to out --dry-run", &[("AWS_ENDPOINT_URL_DYNAMODB", own.as_str())])
            .await;
    let place = format!("DynamoDB was called in us-east-1 at {own}\n");
    assert!(missing.remarks.ends_with(&place), "{}", missing.remarks);
}

#[tokio::test]
async fn a_settings_file_is_blamed_by_what_named_it_and_only_where_it_is_used() {
    let shell = Shell::new("490000000119").await;
    let nowhere = [("TABLEKEEPER_CONFIG", "nofile")];
    let refused = run(&shell, "executions", &nowhere).await;
    assert_eq!(refused.code, Some(2), "{}", refused.remarks);
    let expected = "error: TABLEKEEPER_CONFIG is nofile, which cannot be read: ";
    assert!(refused.remarks.starts_with(expected), "{}", refused.remarks);
    std::fs::write(shell.path("tablekeeper.toml"), "this is no TOML\n").unwrap();
    assert_eq!(run(&shell, "executions", &[]).await.code, Some(2));
    for line in ["local status", "check --definition nothing.asl.json", "explain BackupNotFound"] {
        for variables in [&nowhere[..], &[("AWS_ENDPOINT_URL", "nothing")]] {
            let reported = run(&shell, line, variables).await;
            let text = format!("{}{}", reported.data, reported.remarks);
            assert!(!text.contains("tablekeeper.toml") && !text.contains("nofile"), "{line}: {text}");
            assert!(!text.contains("AWS_ENDPOINT_URL is"), "{line}: {text}");
        }
    }
}
