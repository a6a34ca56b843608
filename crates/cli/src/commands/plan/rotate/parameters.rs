//! The patterns and the SSM parameter of a planned rotation: those of the options, or of a deployed stack.

use anyhow::Context as _;
use aws_config::SdkConfig;
use clap::Args;
use tablekeeper_core::rotation::naming::Patterns;

use crate::failure::Unusable;
use crate::{machines, stack};

/// The options that say how a rotation names its table and which parameter it moves.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The part of the table's name to replace: a regular expression in RE2 syntax [default: the stack's].
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true, requires = "replacement_pattern")]
    source_pattern: Option<String>,
    /// The replacement: $1 and ${name} stand for groups; may be empty [default: the stack's].
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, requires = "source_pattern")]
    replacement_pattern: Option<String>,
    /// The SSM parameter to point at the new table; $1 and ${name} stand for groups [default: the stack's].
    #[arg(long, value_name = "NAME")]
    ssm_parameter_name: Option<String>,
    /// The stack whose patterns and SSM parameter are used [default: tablekeeper-rotate-restore, if no patterns are
    /// given].
    #[arg(long = "stack", alias = "stack-name", value_name = "NAME")]
    stack: Option<String>,
}

/// What a rotation is planned with.
#[derive(Debug)]
pub(super) struct Parameters {
    pub(super) patterns: Patterns,
    /// Whether it is known which SSM parameter is written, if any.
    pub(super) knows_parameter: bool,
}

impl Options {
    /// Returns whether a stack is read.
    pub(super) fn read_stack(&self) -> bool {
        self.stack.is_some() || self.source_pattern.is_none()
    }

    /// Returns the patterns. `config` is that of the AWS environment if a stack is read.
    pub(super) async fn resolve(&self, config: Option<&SdkConfig>) -> anyhow::Result<Parameters> {
        let given = (&self.source_pattern, &self.replacement_pattern);
        let deployed = match config.filter(|_| self.read_stack()) {
            Some(config) => Some(self.deployed(config).await?),
            None => None,
        };
        let own = deployed.as_ref();
        let (source, replacement) = match (given, own) {
            ((Some(source), Some(replacement)), _) => (source, replacement),
            (_, Some(deployed)) => (&deployed.source, &deployed.replacement),
            _ => {
                return Err(Unusable(
                    "give --source-pattern and --replacement-pattern, or --stack".to_owned(),
                )
                .into());
            }
        };
        let name = self.ssm_parameter_name.as_deref().or(own.map(|deployed| deployed.parameter.as_str()));
        let patterns = Patterns::new(source, replacement, name.filter(|name| !name.is_empty()))
            .map_err(|error| Unusable(error.to_string()))?;
        Ok(Parameters { patterns, knows_parameter: name.is_some() })
    }

    async fn deployed(&self, config: &SdkConfig) -> anyhow::Result<Deployed> {
        let default = machines::stack_name("rotate-restore");
        let name = self.stack.as_deref().unwrap_or(&default);
        let advice = "deploy it, or give --stack, or --source-pattern and --replacement-pattern";
        let found = stack::find(config, name, advice).await?;
        let parameter = |key: &str| -> anyhow::Result<String> {
            let value = stack::parameter(&found, key).map(str::to_owned);
            value.with_context(|| {
                Unusable(format!("stack {name} has no parameter {key}; it is not of rotate-restore"))
            })
        };
        Ok(Deployed {
            source: parameter("SourcePattern")?,
            replacement: parameter("ReplacementPattern")?,
            parameter: parameter("SSMParameterName")?,
        })
    }
}

/// Parameters of a deployed stack.
struct Deployed {
    source: String,
    replacement: String,
    /// Empty for no parameter.
    parameter: String,
}
