//! SSM parameters: the limit of versions, and labels that are removed.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::error::ProvideErrorMetadata;
use aws_sdk_ssm::types::ParameterType;

use crate::client::stack;

async fn put(client: &Client) -> Result<i64, String> {
    let call = client.put_parameter().name("/p").value("x").r#type(ParameterType::String).overwrite(true);
    let put = call.send().await;
    put.map(|put| put.version()).map_err(|error| format!("{}: {error:?}", error.code().unwrap_or_default()))
}

async fn label(client: &Client, version: i64) {
    let call = client.label_parameter_version().name("/p").parameter_version(version).labels("kept");
    assert!(call.send().await.unwrap().invalid_labels().is_empty());
}

/// Returns the retained versions, each with its labels.
async fn versions(client: &Client) -> Vec<(i64, Vec<String>)> {
    let pages = client.get_parameter_history().name("/p").into_paginator().send();
    let pages: Vec<_> = pages.try_collect().await.unwrap();
    let versions = pages.into_iter().flat_map(|page| page.parameters.unwrap_or_default());
    versions.map(|version| (version.version, version.labels.unwrap_or_default())).collect()
}

#[tokio::test]
async fn a_label_keeps_the_oldest_of_a_hundred_versions() {
    let client = Client::new(&stack().await.config("700000000091").await);
    for _ in 0..100 {
        put(&client).await.unwrap();
    }
    label(&client, 1).await;
    let refused = put(&client).await.unwrap_err();
    assert!(refused.starts_with("ParameterMaxVersionLimitExceeded"), "{refused}");
    assert!(refused.contains("Version 1, the oldest version, can't be deleted"), "{refused}");

    let unlabel = || client.unlabel_parameter_version().name("/p").parameter_version(1).labels("kept");
    assert_eq!(unlabel().send().await.unwrap().removed_labels(), ["kept"]);
    assert_eq!(unlabel().send().await.unwrap().invalid_labels(), ["kept"]);
    let selected = client.get_parameter().name("/p:kept").send().await.unwrap_err();
    assert_eq!(selected.code(), Some("ParameterVersionNotFound"));

    assert_eq!(put(&client).await, Ok(101));
    let of_dropped = client.label_parameter_version().name("/p").parameter_version(1).labels("kept");
    assert_eq!(of_dropped.send().await.unwrap_err().code(), Some("ParameterVersionNotFound"));
    label(&client, 2).await;
    let versions = versions(&client).await;
    assert_eq!((versions.len(), versions[0].clone()), (100, (2, vec!["kept".to_owned()])));
    assert_eq!(client.get_parameter().name("/p:kept").send().await.unwrap().parameter.unwrap().version, 2);
}
