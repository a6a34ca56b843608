//! The template's parameters in the environment of `start` and of `restore-backup`.
//!
//! They are not substituted into the state machine, as those of other steps are, because a pattern may contain what JSON
//! or JSONata would read as their own syntax.

use serde_json::Value;
use tablekeeper_core::rotation::request::TemplateParameters;

use crate::environment::{InvalidConfiguration, optional, present};

/// Reads the parameters from the environment that the template gives the function.
pub fn from_env() -> Result<TemplateParameters, InvalidConfiguration> {
    let billing_mode_override = match optional("BILLING_MODE_OVERRIDE") {
        None => None,
        Some(text) => Some(serde_json::from_value(Value::String(text)).map_err(|error| {
            InvalidConfiguration { variable: "BILLING_MODE_OVERRIDE", reason: error.to_string() }
        })?),
    };
    Ok(TemplateParameters {
        source_pattern: present("SOURCE_PATTERN")?,
        replacement_pattern: present("REPLACEMENT_PATTERN")?,
        ssm_parameter_name: optional("SSM_PARAMETER_NAME").unwrap_or_default(),
        billing_mode_override,
        sse_kms_master_key_id: optional("SSE_KMS_MASTER_KEY_ID"),
    })
}
