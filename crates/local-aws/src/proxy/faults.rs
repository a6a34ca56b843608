//! Faults of a stack in another process: the proxy's path `/_tablekeeper/faults/<account>`, and its client.
//!
//! GET lists the faults of the account, POST adds one, DELETE removes all. Each responds with the list. No call of AWS
//! has such a path, because no bucket's name begins with an underscore. The proxy listens only on the loopback
//! interface.

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Response, StatusCode, Uri};
use serde::{Deserialize, Serialize};

use super::calls::Calls;
use super::fault::Fault;
use crate::Error;
use crate::upstream::Upstream;

const PATH: &str = "/_tablekeeper/faults/";

/// A kind of fault that can be injected from another process.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// [`Fault::Refuse`].
    Deny,
    /// [`Fault::Throttle`].
    Throttle,
    /// [`Fault::LoseResponse`].
    LoseResponse,
}

/// A fault to inject into the calls of an account from now on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InjectedFault {
    /// The kind of fault.
    pub fault: FaultKind,
    /// The IAM action of the calls, e.g. `ssm:PutParameter`.
    pub action: String,
    /// The number of calls with the fault. `None` means all of them until the faults are cleared.
    pub times: Option<usize>,
}

/// An injected fault and its use.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedFault {
    /// The fault.
    #[serde(flatten)]
    pub injected: InjectedFault,
    /// The number of calls that had the fault so far.
    pub hits: usize,
}

/// The faults of an account of a local stack in another process.
#[derive(Clone, Debug)]
pub struct RemoteFaults {
    endpoint: String,
    account: String,
}

impl RemoteFaults {
    /// Names the account of the stack at this endpoint, such as `http://127.0.0.1:4580`.
    pub fn new(endpoint: &str, account: &str) -> RemoteFaults {
        RemoteFaults { endpoint: endpoint.to_owned(), account: account.to_owned() }
    }

    /// Returns the faults of the account, in the order in which they were injected.
    pub async fn list(&self) -> Result<Vec<ListedFault>, Error> {
        self.send(&Method::GET, Bytes::new()).await
    }

    /// Injects a fault from now on. Replaces an earlier fault of the same action.
    pub async fn inject(&self, fault: &InjectedFault) -> Result<Vec<ListedFault>, Error> {
        let body = serde_json::json!(fault).to_string();
        self.send(&Method::POST, body.into()).await
    }

    /// Removes all faults of the account.
    pub async fn clear(&self) -> Result<Vec<ListedFault>, Error> {
        self.send(&Method::DELETE, Bytes::new()).await
    }

    async fn send(&self, method: &Method, body: Bytes) -> Result<Vec<ListedFault>, Error> {
        let foreign = || Error::NotALocalStack { endpoint: self.endpoint.clone() };
        let endpoint: Uri = self.endpoint.parse().map_err(|_| foreign())?;
        let port = match (endpoint.scheme_str(), endpoint.host(), endpoint.port_u16()) {
            (Some("http"), Some("127.0.0.1" | "localhost"), Some(port)) => port,
            _ => return Err(foreign()),
        };
        let path: Uri = format!("{PATH}{}", self.account).parse().map_err(|_| foreign())?;
        let response = Upstream::single_use(port).forward(method, &path, &HeaderMap::new(), body).await?;
        if response.status() != StatusCode::OK {
            return Err(foreign());
        }
        serde_json::from_slice(response.body()).map_err(|_| foreign())
    }
}

/// Returns the account whose faults a path names.
pub(super) fn account(path: &str) -> Option<&str> {
    path.strip_prefix(PATH)
}

/// Responds to a request about the faults of an account.
pub(super) fn respond(calls: &Calls, account: &str, method: &Method, body: &[u8]) -> Response<Bytes> {
    match *method {
        Method::POST => match serde_json::from_slice::<InjectedFault>(body) {
            Ok(InjectedFault { fault, action, times }) => {
                let times = times.unwrap_or(usize::MAX);
                calls.inject_from_now(account, &action, times, fault.to_fault());
            }
            Err(_) => return empty(StatusCode::BAD_REQUEST),
        },
        Method::DELETE => calls.clear_rules(account),
        Method::GET => {}
        _ => return empty(StatusCode::METHOD_NOT_ALLOWED),
    }
    let listed: Vec<ListedFault> = calls.rules_of(account).into_iter().filter_map(listed).collect();
    let mut response = empty(StatusCode::OK);
    *response.body_mut() = Bytes::from(serde_json::json!(listed).to_string());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// Describes a rule. Leaves out faults that only tests inject.
fn listed((rule, hits): (super::Rule, usize)) -> Option<ListedFault> {
    let fault = FaultKind::from_fault(&rule.fault)?;
    let times = (rule.times != usize::MAX).then_some(rule.times);
    Some(ListedFault { injected: InjectedFault { fault, action: rule.action, times }, hits })
}

impl FaultKind {
    fn to_fault(self) -> Fault {
        match self {
            FaultKind::Deny => Fault::Refuse,
            FaultKind::Throttle => Fault::Throttle,
            FaultKind::LoseResponse => Fault::LoseResponse,
        }
    }

    fn from_fault(fault: &Fault) -> Option<FaultKind> {
        [FaultKind::Deny, FaultKind::Throttle, FaultKind::LoseResponse]
            .into_iter()
            .find(|kind| kind.to_fault() == *fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_an_endpoint_on_the_loopback_interface_is_asked() {
        for endpoint in ["https://127.0.0.1:1", "http://127.0.0.1", "http://example.com:80", "there", ""] {
            let refusal = RemoteFaults::new(endpoint, "123456789012").list().await.unwrap_err();
            assert!(matches!(refusal, Error::NotALocalStack { .. }), "{endpoint}: {refusal}");
        }
    }

    #[test]
    fn a_request_that_cannot_be_read_injects_nothing() {
        let calls = Calls::default();
        for (method, body, status) in [
            (Method::POST, r#"{"fault":"explode","action":"ssm:PutParameter"}"#, 400),
            (Method::POST, "", 400),
            (Method::PUT, "", 405),
            (Method::GET, "", 200),
        ] {
            let response = respond(&calls, "1", &method, body.as_bytes());
            assert_eq!(response.status(), status, "{method} {body}");
        }
        assert!(calls.rules_of("1").is_empty());
    }

    #[test]
    fn the_path_names_an_account() {
        assert_eq!(account("/_tablekeeper/faults/123456789012"), Some("123456789012"));
        assert_eq!((account("/"), account("/bucket/_tablekeeper/faults/1")), (None, None));
    }
}
