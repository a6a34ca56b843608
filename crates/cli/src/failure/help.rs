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

/// Returns what to do about a failure, by the sentence that reports it.
pub(super) fn of(sentence: &str) -> Option<String> {
    if sentence.contains(NO_CREDENTIALS) {
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
        return Some(unreachable(session::endpoint().as_deref()));
    }
    let has = |codes: &[&str]| codes.iter().any(|code| words(sentence).any(|word| word == *code));
    if has(&EXPIRED) {
        return Some("the AWS session has expired; sign in again, as with `aws sso login`".to_owned());
    }
    if has(&INVALID) {
        return Some(
            "AWS does not know these credentials; check the profile with `aws sts get-caller-identity`"
                .to_owned(),
        );
    }
    let name = words(sentence).filter(|word| explain::is_known(word)).last()?;
    Some(format!("`tablekeeper explain {name}` says what to do"))
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
    }
}
