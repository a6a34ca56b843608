use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_cloudformation::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_cloudformation::types::{Capability, Parameter, Stack};
use aws_sdk_s3::config::{ProvideCredentials, RequestChecksumCalculation};
use aws_sdk_s3::primitives::ByteStream;

use crate::Error;
use crate::package::{Artifact, Packaged, package};

/// The largest template in bytes that CloudFormation accepts inline. Larger ones have to come from S3.
const LARGEST_INLINE_TEMPLATE: usize = 51_200;
const ENDS_WITHIN: Duration = Duration::from_secs(300);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// What to deploy, and under which name.
#[derive(Clone, Copy, Debug)]
pub struct Deployment<'a> {
    /// The template, as it is in the repository.
    pub template: &'a Path,
    /// The stack to create, or to update if it exists.
    pub stack_name: &'a str,
    /// The template's parameters. Those left out have their defaults.
    pub parameters: &'a [(&'a str, String)],
    /// The functions' executable; see [`build_bootstrap`](crate::build_bootstrap).
    pub bootstrap: &'a Path,
}

/// Packages and deploys a template, waits until the stack is complete, and returns its outputs.
///
/// Does what `aws cloudformation package` and `deploy` do, with the functions' code replaced by a plain build for this
/// host. Having nothing to update is success.
pub async fn deploy(
    config: &SdkConfig,
    deployment: &Deployment<'_>,
) -> Result<BTreeMap<String, String>, Error> {
    let bucket = format!("tablekeeper-artifacts-{}", account(config, deployment).await?);
    let Packaged { template, artifacts } = packaged_in_background(deployment, &bucket).await?;
    let s3 = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(config)
            .force_path_style(true)
            // The key is a hash of the content already.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .build(),
    );
    ensure_bucket(&s3, &bucket).await?;
    for artifact in &artifacts {
        upload(&s3, &bucket, artifact).await?;
    }
    let body = template.to_string();
    let source = if body.len() > LARGEST_INLINE_TEMPLATE {
        let template =
            Artifact { key: format!("{}.template.json", deployment.stack_name), content: body.into() };
        put(&s3, &bucket, &template).await?;
        let region = config.region().map_or(crate::REGION, |region| region.as_ref());
        TemplateSource::Url(format!("https://s3.{region}.amazonaws.com/{bucket}/{}", template.key))
    } else {
        TemplateSource::Inline(body)
    };
    let cloudformation = aws_sdk_cloudformation::Client::new(config);
    submit(&cloudformation, deployment, source).await?;
    Ok(outputs(finished(&cloudformation, deployment.stack_name).await?))
}

enum TemplateSource {
    Inline(String),
    Url(String),
}

async fn account(config: &SdkConfig, deployment: &Deployment<'_>) -> Result<String, Error> {
    let none = || Error::NoCredentials { stack_name: deployment.stack_name.to_owned() };
    let provider = config.credentials_provider().ok_or_else(none)?;
    let credentials = provider.provide_credentials().await.map_err(|_| none())?;
    // On the local stack the access key is the account.
    Ok(credentials.access_key_id().to_lowercase())
}

async fn packaged_in_background(deployment: &Deployment<'_>, bucket: &str) -> Result<Packaged, Error> {
    let (template, bootstrap) = (deployment.template.to_owned(), deployment.bootstrap.to_owned());
    let bucket = bucket.to_owned();
    tokio::task::spawn_blocking(move || package(&template, &bootstrap, &bucket))
        .await
        .map_err(|source| Error::BrokeOff { work: "packaging the template", source })?
}

async fn ensure_bucket(s3: &aws_sdk_s3::Client, bucket: &str) -> Result<(), Error> {
    if s3.head_bucket().bucket(bucket).send().await.is_ok() {
        return Ok(());
    }
    let created = s3.create_bucket().bucket(bucket).send().await;
    // Two concurrent deployments may both find it missing.
    match created.map_err(aws_sdk_s3::error::SdkError::into_service_error) {
        Err(error) if !error.is_bucket_already_owned_by_you() => Err(failed("CreateBucket", &error)),
        _ => Ok(()),
    }
}

async fn upload(s3: &aws_sdk_s3::Client, bucket: &str, artifact: &Artifact) -> Result<(), Error> {
    match s3.head_object().bucket(bucket).key(&artifact.key).send().await {
        Ok(_) => Ok(()),
        Err(_) => put(s3, bucket, artifact).await,
    }
}

async fn put(s3: &aws_sdk_s3::Client, bucket: &str, artifact: &Artifact) -> Result<(), Error> {
    s3.put_object()
        .bucket(bucket)
        .key(&artifact.key)
        .body(ByteStream::from(artifact.content.clone()))
        .customize()
        // In a debug build, hashing tens of megabytes takes longer than sending them.
        .disable_payload_signing()
        .send()
        .await
        .map(|_| ())
        .map_err(|error| failed("PutObject", &error))
}

/// Creates or updates the stack. Returns once CloudFormation has begun or has nothing to do.
async fn submit(
    client: &aws_sdk_cloudformation::Client,
    deployment: &Deployment<'_>,
    template: TemplateSource,
) -> Result<(), Error> {
    let parameters: Vec<Parameter> = deployment
        .parameters
        .iter()
        .map(|(name, value)| Parameter::builder().parameter_key(*name).parameter_value(value).build())
        .collect();
    let capabilities =
        vec![Capability::CapabilityIam, Capability::CapabilityNamedIam, Capability::CapabilityAutoExpand];
    let (body, url) = match template {
        TemplateSource::Inline(body) => (Some(body), None),
        TemplateSource::Url(url) => (None, Some(url)),
    };
    let created = client
        .create_stack()
        .stack_name(deployment.stack_name)
        .set_template_body(body.clone())
        .set_template_url(url.clone())
        .set_parameters(Some(parameters.clone()))
        .set_capabilities(Some(capabilities.clone()))
        .send()
        .await;
    match created.map_err(aws_sdk_cloudformation::error::SdkError::into_service_error) {
        Ok(_) => return Ok(()),
        Err(error) if !error.is_already_exists_exception() => return Err(failed("CreateStack", &error)),
        Err(_) => {}
    }
    let updated = client
        .update_stack()
        .stack_name(deployment.stack_name)
        .set_template_body(body)
        .set_template_url(url)
        .set_parameters(Some(parameters))
        .set_capabilities(Some(capabilities))
        .send()
        .await;
    match updated {
        Err(error) if error.message().is_some_and(|message| message.contains("No updates")) => Ok(()),
        Err(error) => Err(failed("UpdateStack", &error)),
        Ok(_) => Ok(()),
    }
}

async fn finished(client: &aws_sdk_cloudformation::Client, stack_name: &str) -> Result<Stack, Error> {
    let started = Instant::now();
    loop {
        let response = client
            .describe_stacks()
            .stack_name(stack_name)
            .send()
            .await
            .map_err(|error| failed("DescribeStacks", &error))?;
        let stack = response.stacks.and_then(|stacks| stacks.into_iter().next());
        let status =
            stack.as_ref().and_then(|stack| stack.stack_status()).map_or("unknown", |status| status.as_str());
        match stack {
            Some(stack) if matches!(status, "CREATE_COMPLETE" | "UPDATE_COMPLETE") => return Ok(stack),
            _ if !status.ends_with("_IN_PROGRESS") => {
                let (stack_name, status) = (stack_name.to_owned(), status.to_owned());
                let reason = first_failure(client, &stack_name).await;
                return Err(Error::StackFailed { stack_name, status, reason });
            }
            _ if started.elapsed() > ENDS_WITHIN => {
                let (stack_name, status) = (stack_name.to_owned(), status.to_owned());
                return Err(Error::StackSlow { stack_name, status, seconds: ENDS_WITHIN.as_secs() });
            }
            _ => tokio::time::sleep(POLL_INTERVAL).await,
        }
    }
}

/// Returns the root cause of a failure: the earliest failed event of the latest attempt.
async fn first_failure(client: &aws_sdk_cloudformation::Client, stack_name: &str) -> String {
    let events = match client.describe_stack_events().stack_name(stack_name).send().await {
        Ok(response) => response.stack_events.unwrap_or_default(),
        Err(error) => {
            return format!("its events cannot be read: {}", failed("DescribeStackEvents", &error));
        }
    };
    let status = |event: &aws_sdk_cloudformation::types::StackEvent| {
        event.resource_status().map_or(String::new(), |status| status.as_str().to_owned())
    };
    let begins = |event: &aws_sdk_cloudformation::types::StackEvent| {
        event.resource_type() == Some("AWS::CloudFormation::Stack")
            && matches!(status(event).as_str(), "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS")
    };
    // Newest first, back to where this attempt began.
    let failure = events
        .iter()
        .take_while(|event| !begins(event))
        .filter(|event| status(event).ends_with("_FAILED"))
        .last();
    failure.map_or_else(
        || "no failed event gives a reason".to_owned(),
        |event| {
            let reason = event.resource_status_reason().unwrap_or("no reason was given");
            format!("{} {}: {reason}", event.logical_resource_id().unwrap_or("a resource"), status(event))
        },
    )
}

fn outputs(stack: Stack) -> BTreeMap<String, String> {
    let outputs = stack.outputs.unwrap_or_default().into_iter();
    outputs.filter_map(|output| Some((output.output_key?, output.output_value?))).collect()
}

fn failed(operation: &'static str, error: &(impl ProvideErrorMetadata + std::error::Error)) -> Error {
    let message = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        _ => DisplayErrorContext(error).to_string(),
    };
    Error::Call { operation, message }
}
