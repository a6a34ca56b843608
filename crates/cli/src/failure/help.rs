//! Says which command helps after a failure.

use tablekeeper_core::aws::failure::{NO_CONNECTION, NO_CREDENTIALS};

use crate::commands::explain;
use crate::session;

/// AWS's codes for credentials that were valid once, or never.
const EXPIRED: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];
const INVALID: [&str; 4] = [
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
];

/// S3's codes for a bucket that does not exist, and for one in another Region.
const NO_BUCKET: &str = "NoSuchBucket";
const OTHER_REGION: &str = "PermanentRedirect";

/// Returns what to do about a failure, by the sentence that reports it.
pub(super) fn of(sentence: &str) -> Option<String> {
    if sentence.contains(NO_CREDENTIALS) {
        if let Some(profile) = session::sign_in() {
            return Some(format!("sign in with `aws sso login --profile {profile}`"));
        }
        if let Some(profile) = session::profile() {
            return Some(format!(
                "check the profile {profile}; `aws configure list-profiles` lists the existing ones"
            ));
        }
        return Some(
            "choose a profile with --profile or AWS_PROFILE, or sign in with `aws sso login`".to_owned(),
        );
    }
    if sentence.contains(NO_CONNECTION) {
        return Some(unreachable(session::endpoint(service(sentence)).as_deref()));
    }
    let has = |codes: &[&str]| codes.iter().any(|code| words(sentence).any(|word| word == *code));
    if has(&EXPIRED) {
        let option = session::sign_in().map(|profile| format!(" --profile {profile}")).unwrap_or_default();
        return Some(format!("the AWS session has expired; sign in again, as with `aws sso login{option}`"));
    }
    if has(&INVALID) {
        return Some(
            "AWS does not know these credentials; check the profile with `aws sts get-caller-identity`"
                .to_owned(),
        );
    }
    if let Some(help) = of_bucket(sentence) {
        return Some(help);
    }
    let name = words(sentence).filter(|word| explain::is_known(word)).last()?;
    Some(format!("`tablekeeper explain {name}` says what to do"))
}

/// Says in which Region S3 was called, if the sentence reports a bucket that does not exist there.
pub(super) fn place_of_bucket(sentence: &str) -> Option<String> {
    let is_of_bucket = words(sentence).any(|word| [NO_BUCKET, OTHER_REGION].contains(&word));
    session::s3_region().filter(|_| is_of_bucket).map(|region| format!("S3 was called in {region}"))
}

/// Returns what to do about a bucket that does not exist, or is in another Region.
fn of_bucket(sentence: &str) -> Option<String> {
    let code = words(sentence).find(|word| [NO_BUCKET, OTHER_REGION].contains(word))?;
    // The failure has the name and the Region as `(bucket NAME in REGION)`.
    let named = sentence.rsplit_once("(bucket ").and_then(|(_, rest)| rest.split(')').next());
    let (bucket, region) = match named.and_then(|named| named.split_once(" in ")) {
        Some((bucket, region)) => (Some(bucket), Some(region)),
        None => (named, None),
    };
    let bucket = bucket.unwrap_or("NAME");
    Some(match (code, region) {
        (NO_BUCKET, _) => format!(
            "check the bucket's name; `aws s3 ls` lists the buckets of the account, and `aws s3 mb s3://{bucket}` makes \
             this one"
        ),
        (_, Some(region)) => {
            format!(
                "the bucket {bucket} is in {region}; use one in the Region of the call, or give --region {region}"
            )
        }
        (_, None) => format!(
            "the bucket {bucket} is in another Region; `aws s3api get-bucket-location --bucket {bucket}` names it, and \
             --region uses it"
        ),
    })
}

fn unreachable(endpoint: Option<&str>) -> String {
    match endpoint {
        Some(url) if is_loopback(url) => {
            format!("nothing responds at {url}; `tablekeeper local status` says whether the local stack runs")
        }
        Some(url) => format!("check the endpoint {url} and the network"),
        None => "check the Region and the network".to_owned(),
    }
}

/// Returns the service of the call that did not reach AWS: `sts` in `sts:GetCallerIdentity failed: cannot connect`.
fn service(sentence: &str) -> Option<&str> {
    let (before, _) = sentence.split_once(&format!(" failed: {NO_CONNECTION}"))?;
    before.rsplit(' ').next()?.split_once(':').map(|(service, _)| service)
}

fn is_loopback(url: &str) -> bool {
    ["//127.", "//localhost", "//[::1]"].iter().any(|host| url.contains(host))
}

fn words(sentence: &str) -> impl Iterator<Item = &str> {
    sentence.split(|letter: char| !letter.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_failure_has_its_help() {
        for (sentence, expected) in [
            ("s3:GetObject failed: there are no usable AWS credentials: none found", "choose a profile"),
            (
                "sts:X failed: ExpiredToken: The security token is expired (AccessDenied)",
                "the AWS session has expired",
            ),
            (
                "a:B failed: UnrecognizedClientException: no (AccessDenied)",
                "AWS does not know these credentials",
            ),
            (
                "s3:PutObject failed: NoSuchBucket: no (bucket a-b) (RequestRefused)",
                "check the bucket's name; `aws s3 ls` lists the buckets of the account, and `aws s3 mb s3://a-b` makes",
            ),
            (
                "s3:PutObject failed: PermanentRedirect: no (bucket a-b in eu-west-1) (RequestRefused)",
                "the bucket a-b is in eu-west-1; use one in the Region of the call, or give --region eu-west-1",
            ),
            (
                "s3:PutObject failed: PermanentRedirect: no (RequestRefused)",
                "the bucket NAME is in another Region",
            ),
            ("the execution ended as FAILED: BackupNotFound: gone", "`tablekeeper explain BackupNotFound`"),
            (
                "ssm:PutParameter failed: AccessDeniedException: not authorized (AccessDenied)",
                "`tablekeeper explain AccessDenied`",
            ),
        ] {
            let help = of(sentence).unwrap_or_default();
            assert!(help.starts_with(expected), "{sentence}: {help}");
        }
        assert_eq!(of("the disk is full"), None);
    }

    #[test]
    fn a_local_endpoint_leads_to_the_local_stack() {
        assert!(unreachable(Some("http://127.0.0.1:4580")).contains("tablekeeper local status"));
        assert_eq!(
            unreachable(Some("https://example.com")),
            "check the endpoint https://example.com and the network"
        );
        assert_eq!(unreachable(None), "check the Region and the network");
        let of_call = "cannot list the tables: dynamodb:ListTables failed: cannot connect: refused";
        assert_eq!((service(of_call), service("the disk is full")), (Some("dynamodb"), None));
    }
}
