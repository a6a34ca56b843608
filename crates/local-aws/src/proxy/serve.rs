//! Accepts connections and takes each request through the proxy.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::fault::Fault;
use super::identify::{Caller, identify};
use super::{Proxy, Shared, autoscaling, backup, dynamodb, faults, lambda, ssm};

const ACCEPTS_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The connection ends without a response to the request.
#[derive(Debug, thiserror::Error)]
#[error("the response was dropped")]
struct NoResponse;

/// Serves until its runtime ends.
pub(crate) async fn serve(proxy: Proxy, listener: TcpListener) -> Infallible {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Either the connection ended before it was accepted, or too many files are open. The latter lasts
                // until another connection ends, so an immediate retry would be useless.
                tracing::warn!(%error, "the proxy could not accept a connection");
                tokio::time::sleep(ACCEPTS_AGAIN_AFTER).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&proxy.shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| take(Arc::clone(&shared), request));
            let served = hyper::server::conn::http1::Builder::new()
                // A warm function may keep a connection open for as long as it likes.
                .header_read_timeout(None)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "a connection to the proxy ended");
            }
        });
    }
}

async fn take(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, NoResponse> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| NoResponse)?.to_bytes();
    // In its own task, because a call takes effect even if its caller stops waiting.
    let response = tokio::spawn(async move { response(&shared, &head, body).await }).await;
    let response = response.unwrap_or_else(|error| Ok(panicked(&error)));
    Ok(response?.map(Full::new))
}

/// Reports a call whose handler panicked, which must not be confused with a lost response that a test wants.
fn panicked(error: &tokio::task::JoinError) -> Response<Bytes> {
    tracing::error!(%error, "the proxy panicked while it handled a call");
    plain_text(
        StatusCode::INTERNAL_SERVER_ERROR,
        "The local stack panicked while it handled this call, which is a bug in the local stack.".into(),
    )
}

fn plain_text(status: StatusCode, text: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain"));
    response
}

async fn response(shared: &Arc<Shared>, head: &Parts, body: Bytes) -> Result<Response<Bytes>, NoResponse> {
    if let Some(account) = faults::account(head.uri.path()) {
        return Ok(faults::respond(&shared.calls, account, &head.method, &body));
    }
    let Some(caller) = identify(head, &body) else {
        if head.method == Method::POST && head.uri.path() == "/_ministack/reset" {
            shared.forget_state();
        }
        return Ok(shared.forward(head, body).await);
    };
    let (ticket, fault) = shared.calls.arrive(&caller);
    match fault {
        Some(Fault::Delay(duration)) => tokio::time::sleep(duration).await,
        Some(Fault::Hold) => shared.calls.until_released(&caller).await,
        _ => {}
    }
    let backoff = shared.calls.backoff(&caller.account);
    let instead = fault.as_ref().and_then(|fault| fault.response(&caller, &head.method, backoff));
    let response = match instead {
        Some(response) => response,
        None => shared.perform(&caller, head, body).await,
    };
    shared.calls.record_status(&ticket, response.status().as_u16());
    if fault == Some(Fault::LoseResponse) { Err(NoResponse) } else { Ok(response) }
}

impl Shared {
    async fn perform(self: &Arc<Self>, caller: &Caller, head: &Parts, body: Bytes) -> Response<Bytes> {
        let response = match caller.service.as_str() {
            "application-autoscaling" => autoscaling::response(self, caller, &body).await,
            "backup" => backup::response(self, caller, head, &body).await,
            "dynamodb" => dynamodb::response(self, caller, head, &body).await,
            "lambda" => lambda::response(self, caller, head, &body).await,
            "ssm" => ssm::response(self, caller, head, &body).await,
            _ => None,
        };
        match response {
            Some(response) => response,
            None => self.forward(head, body).await,
        }
    }

    /// Forwards a request. A failure to forward becomes an error response.
    pub(crate) async fn forward(&self, head: &Parts, body: Bytes) -> Response<Bytes> {
        match self.upstream.forward(&head.method, &head.uri, &head.headers, body).await {
            Ok(response) => response,
            Err(error) => {
                tracing::warn!(%error, cause = ?std::error::Error::source(&error), "the emulator did not respond");
                let text = format!("The emulator of the local stack did not respond: {error}.");
                plain_text(StatusCode::BAD_GATEWAY, text)
            }
        }
    }

    fn forget_state(&self) {
        self.tables.forget_all();
        self.backup.forget_all();
        self.autoscaling.forget_all();
        self.mappings.forget_all();
        self.removed_labels.forget_all();
    }
}
