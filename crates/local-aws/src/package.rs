//! Does what `aws cloudformation package` does: uploads local artifacts to S3 and names them in the template.
//!
//! Keys are content hashes. An artifact is uploaded once per account, and a function whose code did not change is not
//! updated.

use std::path::Path;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::Error;
use crate::archive::{Archive, archive, hash};

/// Something to upload.
#[derive(Clone, Debug)]
pub(crate) struct Artifact {
    /// The S3 key: the hash of the content, and a suffix that shows a person what it is.
    pub(crate) key: String,
    pub(crate) content: Bytes,
}

/// A template that names its artifacts in S3, together with the artifacts.
#[derive(Debug)]
pub(crate) struct Packaged {
    pub(crate) template: Value,
    pub(crate) artifacts: Vec<Artifact>,
}

/// Packages the template: every local `CodeUri` becomes the one archive of the functions, and every local
/// `DefinitionUri` becomes its own file. Nothing else changes.
pub(crate) fn package(path: &Path, bootstrap: &Path, bucket: &str) -> Result<Packaged, Error> {
    let mut template = crate::template::load(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut artifacts: Vec<Artifact> = Vec::new();
    let mut archive: Option<Artifact> = None;

    if let Some(code) = template.pointer_mut("/Globals/Function/CodeUri").filter(|code| is_local(code)) {
        *code = s3_uri(bucket, archive.get_or_insert(functions(bootstrap)?));
    }
    for resource in template
        .get_mut("Resources")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(|all| all.values_mut())
    {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(properties) = resource.get_mut("Properties") else { continue };
        match kind.as_str() {
            "AWS::Serverless::Function" => {
                if let Some(code) = properties.get_mut("CodeUri").filter(|code| is_local(code)) {
                    *code = s3_uri(bucket, archive.get_or_insert(functions(bootstrap)?));
                }
            }
            "AWS::Serverless::StateMachine" => {
                if let Some(definition) = properties.get_mut("DefinitionUri").filter(|uri| is_local(uri)) {
                    let artifact = state_machine(&folder.join(definition.as_str().unwrap_or_default()))?;
                    *definition = json!({ "Bucket": bucket, "Key": artifact.key });
                    artifacts.push(artifact);
                }
            }
            _ => {}
        }
    }
    artifacts.extend(archive);
    Ok(Packaged { template, artifacts })
}

fn is_local(uri: &Value) -> bool {
    uri.as_str().is_some_and(|uri| !uri.starts_with("s3://"))
}

fn s3_uri(bucket: &str, artifact: &Artifact) -> Value {
    format!("s3://{bucket}/{}", artifact.key).into()
}

fn state_machine(path: &Path) -> Result<Artifact, Error> {
    let content = std::fs::read(path).map_err(Error::file("read", path))?;
    Ok(Artifact { key: format!("{}.asl.json", hash(&content)), content: content.into() })
}

/// Returns the functions' archive under a key made of the hash of its content.
fn functions(bootstrap: &Path) -> Result<Artifact, Error> {
    let Archive { hash, content } = archive(bootstrap)?;
    Ok(Artifact { key: format!("{hash}.zip"), content })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "
        Resources:
          Start: {Type: AWS::Serverless::Function, Properties: {CodeUri: ../functions/, Handler: a.b}}
          Check: {Type: AWS::Serverless::Function, Properties: {CodeUri: ../functions/, Handler: a.c}}
          Elsewhere: {Type: AWS::Serverless::Function, Properties: {CodeUri: 's3://other/key'}}
          Machine: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: machine.asl.json}}
          Table: {Type: AWS::DynamoDB::Table, Properties: {CodeUri: unchanged}}
          Bare: {Type: AWS::SNS::Topic}
    ";

    fn packaged() -> (tempfile::TempDir, Packaged) {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("t.yaml"), TEMPLATE).unwrap();
        std::fs::write(path("machine.asl.json"), "{\"StartAt\": \"A\"}").unwrap();
        std::fs::write(path("bootstrap"), "#!/bin/sh\nexit 0\n").unwrap();
        let packaged = package(&path("t.yaml"), &path("bootstrap"), "artifacts").unwrap();
        (folder, packaged)
    }

    #[test]
    fn local_artifacts_become_s3_references_and_nothing_else_changes() {
        let (folder, packaged) = packaged();
        let mut expected = crate::template::load(&folder.path().join("t.yaml")).unwrap();
        let [machine, archive] = packaged.artifacts.as_slice() else { panic!("{:?}", packaged.artifacts) };
        let code = format!("s3://artifacts/{}", archive.key);
        expected["Resources"]["Start"]["Properties"]["CodeUri"] = code.clone().into();
        expected["Resources"]["Check"]["Properties"]["CodeUri"] = code.into();
        expected["Resources"]["Machine"]["Properties"]["DefinitionUri"] =
            json!({"Bucket": "artifacts", "Key": machine.key});
        assert_eq!(packaged.template, expected);
        assert_eq!(machine.content, "{\"StartAt\": \"A\"}");
    }

    #[test]
    fn a_missing_definition_is_reported_with_its_path() {
        let (folder, _) = packaged();
        std::fs::remove_file(folder.path().join("machine.asl.json")).unwrap();
        let template = folder.path().join("t.yaml");
        let error = package(&template, &folder.path().join("bootstrap"), "artifacts").unwrap_err();
        assert!(error.to_string().contains("machine.asl.json"), "{error}");
    }
}
