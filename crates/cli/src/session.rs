//! The global options: which account, Region and endpoint the commands use, and how they print.
//!
//! They are set once, before a command runs. Where an option is absent, the environment applies, and then the
//! settings file.

mod environment;
mod profile;

use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use clap::{Args, ValueEnum};
use tablekeeper_core::aws::clients::Clients;

use crate::config_file::{File, Given};
use crate::failure::Unusable;
pub(crate) use environment::without_empty_variables;
use environment::{endpoint_variable, variable};
use profile::Profile;

static OPTIONS: OnceLock<Options> = OnceLock::new();
static FILE: OnceLock<File> = OnceLock::new();
static S3_REGION: OnceLock<String> = OnceLock::new();
static SIGN_IN: OnceLock<String> = OnceLock::new();

/// The variable with the name of the settings file.
const CONFIG: &str = "TABLEKEEPER_CONFIG";
/// The variable whose credentials precede those of a profile that `--profile` does not name.
const KEYS: &str = "AWS_ACCESS_KEY_ID";

/// The options of every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Options {
    /// TOML file with settings [default: `tablekeeper.toml` in the current directory, or else
    /// `tablekeeper/config.toml` in the user's configuration directory].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Profile of the AWS configuration files [default: AWS_PROFILE, or `default`].
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// AWS Region [default: AWS_REGION, or that of the profile].
    #[arg(long, global = true, value_name = "REGION", value_parser = region_name)]
    region: Option<String>,
    /// URL to use for all AWS calls, such as the local stack's [default: AWS_ENDPOINT_URL].
    #[arg(long, global = true, value_name = "URL", value_parser = url)]
    endpoint_url: Option<String>,
    /// When to use colors. `auto` means on a terminal, unless NO_COLOR is set.
    #[arg(long, global = true, value_name = "WHEN", default_value_t, value_enum)]
    color: Color,
    /// Print no progress. Notes and errors are printed.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Whether the profile is that of `--profile`, not of the settings file.
    #[arg(skip)]
    is_asked: bool,
}

/// When to use colors.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Options {
    /// Reads the settings file and checks the environment, if the command needs them. Makes these the options of this
    /// process. Later calls have no effect.
    pub(crate) async fn install(self, needs_settings: bool) -> anyhow::Result<()> {
        let (file, options) = match needs_settings {
            true => self.completed().await?,
            false => (File::default(), self),
        };
        // The first call wins. There is one call, in `main`.
        let _ = OPTIONS.set(options);
        let _ = FILE.set(file);
        Ok(())
    }

    /// Adds what the settings file has, and checks what the SDK will read.
    async fn completed(self) -> anyhow::Result<(File, Options)> {
        let file = match (&self.config, variable(CONFIG)) {
            (Some(path), _) => File::read(path, "--config")?,
            (None, Some(path)) => File::read(path.as_ref(), CONFIG)?,
            (None, None) => File::find()?,
        };
        environment::check()?;
        let of_file = |key: &str, variables: &[&str]| {
            file.get(key).filter(|_| variables.iter().all(|name| variable(name).is_none()))
        };
        let region = of_file("aws.region", &["AWS_REGION", "AWS_DEFAULT_REGION"]);
        let region = checked(self.region.clone(), region, region_name)?;
        let endpoint_url =
            checked(self.endpoint_url.clone(), of_file("aws.endpoint-url", &["AWS_ENDPOINT_URL"]), url)?;
        let given = |text: String, origin: &str| Given { text, origin: origin.to_owned() };
        let asked = self.profile.clone().map(|name| given(name, "--profile"));
        let profile = asked.or_else(|| of_file("aws.profile", &["AWS_PROFILE"]));
        let of_variable = || variable("AWS_PROFILE").map(|name| given(name, "AWS_PROFILE"));
        check_profile(profile.clone().or_else(of_variable), self.profile.is_some()).await?;
        let is_asked = self.profile.is_some();
        let profile = profile.map(|profile| profile.text);
        Ok((file, Options { region, endpoint_url, profile, is_asked, ..self }))
    }
}

/// Returns the value of an option, or else that of the settings file, which has to be right as well.
fn checked(
    option: Option<String>,
    of_file: Option<Given>,
    right: fn(&str) -> Result<String, String>,
) -> Result<Option<String>, Unusable> {
    match (option, of_file) {
        (None, Some(given)) => right(&given.text).map(Some).map_err(|right| given.refused(&right)),
        (option, _) => Ok(option),
    }
}

/// Checks the profile: the one that was named, or else the default one, which need not exist. Variables with
/// credentials precede it, unless `--profile` named it.
async fn check_profile(named: Option<Given>, is_asked: bool) -> Result<(), Unusable> {
    let Some(profile) = Profile::read(named.as_ref().map(|given| given.text.as_str())).await else {
        return Ok(());
    };
    let is_needed = is_asked || variable(KEYS).is_none();
    if let Some(given) = named.filter(|_| is_needed && !profile.exists()) {
        return Err(
            given.refused("no profile has this name (`aws configure list-profiles` lists the existing ones)")
        );
    }
    if profile.has_sign_in() {
        // The first call wins. There is one call.
        let _ = SIGN_IN.set(profile.name().to_owned());
    }
    environment::check_profile(&profile)
}

/// Returns the settings file, which is empty if there is none.
pub(crate) fn file() -> &'static File {
    FILE.get_or_init(File::default)
}

/// Returns whether progress is suppressed.
pub(crate) fn is_quiet() -> bool {
    OPTIONS.get().is_some_and(|options| options.quiet)
}

/// Returns whether a stream is colored.
pub(crate) fn is_colored(stream: &impl io::IsTerminal) -> bool {
    match OPTIONS.get().map(|options| options.color).unwrap_or_default() {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => stream.is_terminal() && variable("NO_COLOR").is_none() && !is_dumb(),
    }
}

/// Returns the profile of `--profile` or of the settings file.
pub(crate) fn profile() -> Option<&'static str> {
    OPTIONS.get()?.profile.as_deref()
}

/// Returns the Region of `--region`.
pub(crate) fn region() -> Option<&'static str> {
    OPTIONS.get()?.region.as_deref()
}

/// Returns the endpoint of a service's calls for messages: that of `--endpoint-url`, or of the environment. The service is
/// named as in IAM actions.
pub(crate) fn endpoint(service: Option<&str>) -> Option<String> {
    let given = OPTIONS.get().and_then(|options| options.endpoint_url.clone());
    let of_service = || service.and_then(|service| variable(&endpoint_variable(service)));
    given.or_else(of_service).or_else(|| variable("AWS_ENDPOINT_URL"))
}

/// Returns the place of a service's calls for messages: that of all calls, unless the service has an endpoint of its own.
pub(crate) fn place_of(service: &str, of_all: &str) -> String {
    match (endpoint(Some(service)), endpoint(None)) {
        (Some(own), None) if !of_all.contains(" at ") => format!("{of_all} at {own}"),
        (Some(own), Some(general)) => of_all.replace(&general, &own),
        _ => of_all.to_owned(),
    }
}

/// Returns the profile in use if people sign in to it with `aws sso login`.
pub(crate) fn sign_in() -> Option<&'static str> {
    SIGN_IN.get().map(String::as_str)
}

/// Returns the configuration for AWS clients from the options and the environment.
pub(crate) async fn sdk_config() -> SdkConfig {
    loader().load().await
}

/// Returns the clients from the options and the environment. `app_name` appears in CloudTrail.
pub(crate) async fn clients(app_name: &str) -> Clients {
    Clients::load(loader(), app_name).await
}

/// Returns the Region of a client. Fails with [`Unusable`] if there is none.
pub(crate) fn region_of(dynamodb: &aws_sdk_dynamodb::Client) -> Result<String, Unusable> {
    let region = dynamodb.config().region().map(ToString::to_string);
    region.filter(|region| !region.is_empty()).ok_or_else(no_region)
}

/// Remembers in which Region S3 is called, for messages.
pub(crate) fn calls_s3_in(region: &str) {
    // The first call wins. A command has one client of S3.
    let _ = S3_REGION.set(region.to_owned());
}

/// Returns in which Region S3 is called, if it is.
pub(crate) fn s3_region() -> Option<&'static str> {
    S3_REGION.get().map(String::as_str)
}

/// Builds the error for a missing Region.
pub(crate) fn no_region() -> Unusable {
    Unusable(
        "no AWS Region is set: use --region, set AWS_REGION, or choose a profile that has one".to_owned(),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line is an edge: it acts where its user's environment says"
)]
fn loader() -> ConfigLoader {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    let Some(options) = OPTIONS.get() else { return loader };
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
        // Credentials in the environment precede the profile of the settings file, but not the one that was asked for.
        if options.is_asked || variable(KEYS).is_none() {
            let credentials = ProfileFileCredentialsProvider::builder().profile_name(profile).build();
            loader = loader.credentials_provider(credentials);
        }
    }
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader
}

fn url(text: &str) -> Result<String, String> {
    match text.split_once("://") {
        Some(("http" | "https", rest)) if !rest.is_empty() && !text.contains(char::is_whitespace) => {
            Ok(text.to_owned())
        }
        _ => Err("expected a URL such as http://127.0.0.1:4580".to_owned()),
    }
}

/// Parses the name of a Region.
pub(crate) fn region_name(text: &str) -> Result<String, String> {
    let is_right =
        !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-');
    is_right.then(|| text.to_owned()).ok_or_else(|| "expected a Region such as eu-west-1".to_owned())
}

#[expect(clippy::disallowed_methods, reason = "the command line is an edge: the terminal's own variables")]
fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|value| value == "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url() {
        assert_eq!(url("http://127.0.0.1:4580").as_deref(), Ok("http://127.0.0.1:4580"));
        for wrong in ["127.0.0.1:4580", "ftp://host", "http://", "http://a b", ""] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
    }
}
