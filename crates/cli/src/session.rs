//! The global options: which account, Region and endpoint the commands use, and how they print.
//!
//! They are set once, before a command runs. Where an option is absent, the environment applies, and then the
//! settings file.

use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use clap::{Args, ValueEnum};
use tablekeeper_core::aws::clients::Clients;

use crate::config_file::File;
use crate::failure::Unusable;

static OPTIONS: OnceLock<Options> = OnceLock::new();
static FILE: OnceLock<File> = OnceLock::new();
static S3_REGION: OnceLock<String> = OnceLock::new();

/// The options of every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Options {
    /// TOML file with settings [default: `tablekeeper.toml` in the current directory, or else
    /// `tablekeeper/config.toml` in the user's configuration directory].
    #[arg(long, global = true, value_name = "FILE", env = "TABLEKEEPER_CONFIG", hide_env = true)]
    config: Option<PathBuf>,
    /// Profile of the AWS configuration files [default: AWS_PROFILE, or `default`].
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// AWS Region [default: AWS_REGION, or that of the profile].
    #[arg(long, global = true, value_name = "REGION")]
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
    /// Reads the settings file if the command needs it, and makes these the options of this process. Later calls have no
    /// effect.
    pub(crate) fn install(self, needs_file: bool) -> anyhow::Result<()> {
        let file = if needs_file { File::read(self.config.as_deref())? } else { File::default() };
        let of_file = |key: &str, variables: &[&str]| {
            let given = file.get(key).map(|given| given.text);
            given.filter(|_| !variables.iter().any(|variable| set(variable)))
        };
        let options = Options {
            profile: self.profile.or_else(|| of_file("aws.profile", &["AWS_PROFILE"])),
            region: self.region.or_else(|| of_file("aws.region", &["AWS_REGION", "AWS_DEFAULT_REGION"])),
            endpoint_url: self.endpoint_url.or_else(|| of_file("aws.endpoint-url", &["AWS_ENDPOINT_URL"])),
            ..self
        };
        // The first call wins. There is one call, in `main`.
        let _ = OPTIONS.set(options);
        let _ = FILE.set(file);
        Ok(())
    }
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
        Color::Auto => stream.is_terminal() && !set("NO_COLOR") && !is_dumb(),
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

/// Returns the endpoint of `--endpoint-url` or of the environment, for messages.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line is an edge: it acts where its user's environment says"
)]
pub(crate) fn endpoint() -> Option<String> {
    let given = OPTIONS.get().and_then(|options| options.endpoint_url.clone());
    given.or_else(|| std::env::var("AWS_ENDPOINT_URL").ok().filter(|url| !url.is_empty()))
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
        // Otherwise, credentials in the environment would take precedence over the profile that was asked for.
        let credentials = ProfileFileCredentialsProvider::builder().profile_name(profile).build();
        loader = loader.profile_name(profile).credentials_provider(credentials);
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
        Some(("http" | "https", rest)) if !rest.is_empty() => Ok(text.to_owned()),
        _ => Err("expected a URL such as http://127.0.0.1:4580".to_owned()),
    }
}

#[expect(clippy::disallowed_methods, reason = "the command line is an edge: its user's variables")]
fn set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
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
        for wrong in ["127.0.0.1:4580", "ftp://host", "http://", ""] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
    }
}
