use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::Credentials;
use tokio::runtime::Runtime;

use crate::emulator::{Emulator, Settings};
use crate::proxy::{Proxy, serve};
use crate::upstream::Upstream;
use crate::{Error, REGION, python};

/// Timeout of one attempt. It is far above what any call takes here, so a call without a response becomes an error.
const ATTEMPT_TAKES: Duration = Duration::from_secs(60);

/// A callback for progress: one plain line for a person, e.g. "the emulator is installed".
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// How to start a [`LocalAws`].
#[derive(Clone)]
pub struct Options {
    /// The proxy's port on 127.0.0.1. `None` is any free port.
    pub port: Option<u16>,
    /// Factor for the seconds of Wait states and retry delays. 0 skips them, and 1 waits as long as AWS.
    pub wait_scale: f64,
    /// The directory of the emulator's environment, logs and temporary files. Instances may share one.
    pub directory: PathBuf,
    /// Receives a line before each operation that takes long.
    pub progress: Progress,
}

/// A local stack: the emulator as a child process, and the proxy before it in this process.
///
/// It serves from its own threads, so tests that each have their own runtime can share it. It ends with
/// [`stop`](Self::stop), when it is dropped, and when this process ends, for whatever reason.
pub struct LocalAws {
    endpoint: String,
    proxy: Proxy,
    emulator: Option<Emulator>,
    runtime: Option<Runtime>,
}

impl LocalAws {
    /// Installs the emulator if needed, starts it, and returns when calls can be made.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let Options { port, wait_scale, directory, progress } = options;
        std::fs::create_dir_all(&directory).map_err(Error::file("create", &directory))?;
        let directory = directory.canonicalize().map_err(Error::file("find", &directory))?;
        // First, so that a taken port is reported at once. The emulator passes the address on to the functions.
        let (listener, address) = listen(port.unwrap_or(0))?;

        let python = python::environment(&directory, &progress).await?;
        let settings = Settings { python: &python, directory: &directory, wait_scale, proxy: address };
        let emulator = Emulator::start(&settings).await?;

        let proxy = Proxy::new(Upstream::new(emulator.port), emulator.service_token.clone());
        let runtime = proxy_runtime()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)
                .map_err(|source| Error::Listen { port: address.port(), source })?
        };
        runtime.spawn(serve(proxy.clone(), listener));
        Ok(Self {
            endpoint: format!("http://{address}"),
            proxy,
            emulator: Some(emulator),
            runtime: Some(runtime),
        })
    }

    /// Returns the endpoint URL for anything that calls AWS, e.g. for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the proxy, to inspect calls and to inject faults.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Returns a client configuration for an account of this local stack. Any 12 digits are an account.
    pub async fn config(&self, account: &str) -> SdkConfig {
        sdk_config(&self.endpoint, account).await
    }

    /// Changes the factor for Wait states and retry delays, e.g. to let an execution wait while a test inspects it.
    pub async fn scale_waits(&self, factor: f64) -> Result<(), Error> {
        let Some(emulator) = &self.emulator else { return Ok(()) };
        Upstream::single_use(emulator.port).configure("stepfunctions._SFN_WAIT_SCALE", factor).await
    }

    /// Stops the emulator and waits until it has stopped. Dropping kills it instead.
    pub async fn stop(mut self) {
        // The proxy's connections first: the emulator would wait for them.
        self.end_proxy();
        if let Some(emulator) = self.emulator.take() {
            emulator.stop().await;
        }
    }

    fn end_proxy(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Dropping a runtime may block, which is not allowed within another runtime.
            runtime.shutdown_background();
        }
    }
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        self.end_proxy();
    }
}

/// Returns a client configuration for a local stack of which only the address is known, e.g. one in another process.
pub async fn sdk_config(endpoint: &str, account: &str) -> SdkConfig {
    let credentials = Credentials::new(account, "local", None, None, "local-aws");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(endpoint)
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TAKES).build())
        .credentials_provider(aws_sdk_s3::config::SharedCredentialsProvider::new(credentials))
        .build()
}

fn listen(port: u16) -> Result<(TcpListener, std::net::SocketAddr), Error> {
    let failed = |source| Error::Listen { port, source };
    let listener = TcpListener::bind(("127.0.0.1", port)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

fn proxy_runtime() -> Result<Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("local-aws-proxy")
        .enable_all()
        .build()
        .map_err(|source| Error::Program { program: "the proxy's threads".to_owned(), source })
}
