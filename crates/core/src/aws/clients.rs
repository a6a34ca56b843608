//! Builds AWS clients.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_dynamodb::config::SharedCredentialsProvider;

use super::raw_items::RawItems;

/// Timeout for establishing a connection.
const CONNECT: Duration = Duration::from_secs(3);

/// Builds the clients of one step.
///
/// The name of the step is the SDK's app name. It appears in the User-Agent of each call and therefore in CloudTrail.
#[derive(Clone, Debug)]
pub struct Clients {
    sdk: SdkConfig,
}

impl Clients {
    /// Builds clients from the environment of Lambda or of a shell: Region, credentials and endpoint.
    ///
    /// A connection times out after 3 s and an attempt after 10 s. Three attempts of one call end well within the 60 s
    /// of a step.
    pub async fn from_environment(step: &str) -> Clients {
        #[expect(clippy::disallowed_methods, reason = "this is the edge that builds the clients")]
        let loader = aws_config::defaults(BehaviorVersion::latest());
        Clients::load(loader, step).await
    }

    /// Builds clients from a loader, which may have a profile, Region or endpoint, with the timeouts and retries of
    /// [`Clients::from_environment`].
    pub async fn load(loader: ConfigLoader, app_name: &str) -> Clients {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(Duration::from_secs(10))
            .build();
        let mut loader = loader.retry_config(RetryConfig::standard()).timeout_config(timeouts);
        if let Ok(name) = AppName::new(app_name.to_owned()) {
            loader = loader.app_name(name);
        }
        Clients { sdk: loader.load().await }
    }

    /// Builds clients from an SDK configuration.
    pub fn new(sdk: SdkConfig) -> Clients {
        Clients { sdk }
    }

    /// Returns clients with another timeout for each attempt of a call. Use it to transfer files over a slow
    /// connection.
    pub fn with_attempts_of(&self, time: Duration) -> Clients {
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(time).build();
        Clients { sdk: self.sdk.to_builder().timeout_config(timeouts).build() }
    }

    /// Returns clients that make each call once. Use it where the caller counts and repeats the calls itself.
    pub(crate) fn without_retries(&self) -> Clients {
        Clients { sdk: self.sdk.to_builder().retry_config(RetryConfig::disabled()).build() }
    }

    /// Describes the destination of the calls for people: `in eu-west-1`, and the endpoint if it is not the default
    /// one.
    pub fn place(&self) -> String {
        let region = self.sdk.region().map(|region| format!("in {region}"));
        let address = self.sdk.endpoint_url().map(|url| format!("at {url}"));
        [region, address].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Builds a client for AWS Backup.
    pub fn backup(&self) -> aws_sdk_backup::Client {
        aws_sdk_backup::Client::new(&self.sdk)
    }

    /// Builds a client for DynamoDB.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.sdk)
    }

    /// Builds a client for DynamoDB items as bytes.
    pub fn raw_items(&self) -> RawItems {
        RawItems::new(self.dynamodb())
    }

    /// Builds a client for S3.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.sdk)
    }

    /// Builds a client for STS.
    pub fn sts(&self) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::new(&self.sdk)
    }

    /// Builds a client for Lambda.
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.sdk)
    }

    /// Builds a client for CloudWatch.
    pub fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::new(&self.sdk)
    }

    /// Returns the configuration that every client is built from.
    pub(crate) fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// Returns clients for another Region.
    pub fn in_region(&self, region: &str) -> Clients {
        let region = Region::new(region.to_owned());
        Clients { sdk: self.sdk.to_builder().region(region).build() }
    }

    /// Returns clients that call this endpoint, such as `http://localhost:8000`, instead of AWS's own.
    pub fn at_endpoint(&self, url: &str) -> Clients {
        Clients { sdk: self.sdk.to_builder().endpoint_url(url).build() }
    }

    /// Returns clients with the permissions of another role, which may belong to another account. The first call
    /// assumes the role.
    pub async fn assuming(&self, role_arn: &str) -> Clients {
        let provider = AssumeRoleProvider::builder(role_arn)
            .session_name("tablekeeper")
            .configure(&self.sdk)
            .build()
            .await;
        let provider = SharedCredentialsProvider::new(provider);
        Clients { sdk: self.sdk.to_builder().credentials_provider(provider).build() }
    }

    /// Builds a client for Step Functions.
    pub fn sfn(&self) -> aws_sdk_sfn::Client {
        aws_sdk_sfn::Client::new(&self.sdk)
    }

    /// Builds a client for Systems Manager.
    pub fn ssm(&self) -> aws_sdk_ssm::Client {
        aws_sdk_ssm::Client::new(&self.sdk)
    }
}
