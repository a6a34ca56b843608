//! Reads the SSM parameters of the account and Region, and finds the tables that they name.
//!
//! A parameter points at a table by its newest value, by any version that has a label, and by the version before. A
//! value names a table if it contains its name, alone or in an ARN, a list or JSON. SecureString parameters are not
//! read: no rotation writes one.

use std::collections::BTreeMap;

use aws_sdk_ssm::types::ParameterType;
use futures::{StreamExt as _, TryStreamExt as _};

use super::names_in;
use crate::aws::arn::{Arn, backed_up_table};
use crate::aws::failure::AwsFailure;
use crate::aws::pointer::history;
use crate::error_name::ErrorName;
use crate::rotation::naming::split_time;
use crate::rotation::pointer::{History, Version};

/// Number of parameters that are read at a time.
const AT_A_TIME: usize = 4;
/// Parameters of a page, the most that DescribeParameters returns.
const PAGE: i32 = 50;

/// A parameter that names a table, and how: `current`, `previous` or the labels of a version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pointer {
    /// Name of the parameter.
    pub parameter: String,
    /// How the parameter names the table.
    pub how: String,
}

/// What the parameters name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Pointers {
    pointers: BTreeMap<String, Vec<Pointer>>,
    sources: BTreeMap<String, String>,
}

impl Pointers {
    /// Adds what a parameter names.
    pub fn add(&mut self, parameter: &str, history: &History) {
        let newest = history.newest().map(|version| (version, "current".to_owned()));
        let previous = history.previous().map(|version| (version, "previous".to_owned()));
        let labeled = history.versions.iter().filter(|version| !version.labels.is_empty());
        let labeled = labeled.map(|version| (version, version.labels.join(", ")));
        for (version, how) in newest.into_iter().chain(previous).chain(labeled) {
            self.add_version(parameter, version, &how);
        }
        let descriptions = history.versions.iter().filter_map(|version| version.description.as_ref());
        let backups = descriptions.filter_map(|description| description.backup.as_deref());
        for table in backups.filter_map(|backup| backed_up_table(&Arn::parse(backup)?)) {
            self.sources.entry(table.to_owned()).or_insert_with(|| parameter.to_owned());
        }
    }

    fn add_version(&mut self, parameter: &str, version: &Version, how: &str) {
        for name in names_in(&version.value).filter(|name| split_time(name).is_some()) {
            let pointers = self.pointers.entry(name.to_owned()).or_default();
            match pointers.iter_mut().find(|pointer| pointer.parameter == parameter) {
                Some(pointer) if pointer.how.split(", ").any(|known| known == how) => {}
                Some(pointer) => pointer.how = format!("{}, {how}", pointer.how),
                None => pointers.push(Pointer { parameter: parameter.to_owned(), how: how.to_owned() }),
            }
        }
    }

    /// Returns the parameters that point at the table of this name.
    pub fn of(&self, table_name: &str) -> &[Pointer] {
        self.pointers.get(table_name).map_or(&[], Vec::as_slice)
    }

    /// Returns a parameter whose copies were made from backups of the table of this name.
    pub fn sourced_from(&self, table_name: &str) -> Option<&str> {
        self.sources.get(table_name).map(String::as_str)
    }
}

/// Reads all parameters whose names have one of these prefixes, or all of them if there is none. Fails if one of them
/// cannot be read: it might point at any table.
pub async fn read(ssm: &aws_sdk_ssm::Client, prefixes: &[String]) -> Result<Pointers, AwsFailure> {
    let mut names = Vec::new();
    let mut pages = ssm.describe_parameters().max_results(PAGE).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(AwsFailure::from_call("ssm:DescribeParameters"))?;
        for parameter in page.parameters.unwrap_or_default() {
            let is_text = parameter.r#type() != Some(&ParameterType::SecureString);
            names.extend(parameter.name.filter(|_| is_text));
        }
    }
    names.retain(|name| prefixes.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix)));
    let reads: Vec<_> = names.iter().map(|name| history(ssm, name)).collect();
    let histories: Vec<History> = futures::stream::iter(reads).buffered(AT_A_TIME).try_collect().await?;
    let mut pointers = Pointers::default();
    for (name, history) in names.iter().zip(&histories) {
        if history.versions.is_empty() {
            let detail = format!("{name} was listed, but has no versions; it may have been deleted just now");
            return Err(AwsFailure::new("ssm:GetParameterHistory", ErrorName::ServiceUnavailable, detail));
        }
        pointers.add(name, history);
    }
    Ok(pointers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error_name::ErrorName;
    use crate::rotation::pointer::{Description, NOT_VERIFIED, PINNED, Writer};
    use crate::testing::fake_aws::{FakeAws, arn};

    fn copy(day: u32) -> String {
        format!("orders-202603{day:02}-02-00-00")
    }

    fn history(labels: &[&[&str]]) -> History {
        let version = |(number, labels): (i64, &&[&str])| Version {
            number,
            value: arn(&copy(u32::try_from(number).unwrap())),
            description: None,
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            written_at: None,
        };
        History { versions: (1..).zip(labels).map(version).collect() }
    }

    fn how(pointers: &Pointers, day: u32) -> Vec<&str> {
        pointers.of(&copy(day)).iter().map(|pointer| pointer.how.as_str()).collect()
    }

    #[test]
    fn the_newest_the_previous_and_labeled_versions_point() {
        let mut pointers = Pointers::default();
        pointers.add("/p", &history(&[&[PINNED], &[], &["audited"], &["previous"], &["current"]]));
        assert_eq!(how(&pointers, 1), [PINNED]);
        assert_eq!(how(&pointers, 2), Vec::<&str>::new());
        assert_eq!((how(&pointers, 3), how(&pointers, 4)), (vec!["audited"], vec!["previous"]));
        assert_eq!(how(&pointers, 5), ["current"]);
    }

    #[test]
    fn a_newer_copy_that_a_racing_rotation_overwrote_is_still_named() {
        let mut versions = history(&[&[], &[], &[]]);
        versions.versions[1].value = arn(&copy(9));
        let description = Description {
            writer: Writer::Rotation,
            execution: "e".to_owned(),
            backup: Some(format!("{}/backup/01576616366715-b4e58d3a", arn("production"))),
            verified: NOT_VERIFIED.to_owned(),
            pins: false,
        };
        versions.versions[2].description = Some(description);
        let mut pointers = Pointers::default();
        pointers.add("/p", &versions);
        assert_eq!((how(&pointers, 9), how(&pointers, 3)), (vec!["previous"], vec!["current"]));
        assert_eq!(
            (pointers.sourced_from("production"), pointers.sourced_from("orders")),
            (Some("/p"), None)
        );
    }

    #[tokio::test]
    async fn every_parameter_is_read_except_secrets() {
        let aws = FakeAws::default();
        for (name, value) in [("/a/p", copy(1)), ("/b/p", format!("x,{}", arn(&copy(2)))), ("/c", copy(3))] {
            aws.state().parameters.put(name, &value);
        }
        aws.state().parameters.versions.get_mut("/c").unwrap()[0]["Type"] = json!("SecureString");
        let ssm = aws.clients().ssm();
        let all = read(&ssm, &[]).await.unwrap();
        assert_eq!((how(&all, 1), how(&all, 2), how(&all, 3)), (vec!["current"], vec!["current"], vec![]));
        let some = read(&ssm, &["/b/".to_owned()]).await.unwrap();
        assert_eq!((how(&some, 1), how(&some, 2)), (vec![], vec!["current"]));
    }

    #[tokio::test]
    async fn a_parameter_that_cannot_be_read_fails_the_whole_look() {
        let aws = FakeAws::default();
        aws.state().parameters.put("/p", "x");
        aws.refuse("ssm:GetParameterHistory", "AccessDeniedException");
        let failure = read(&aws.clients().ssm(), &[]).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::AccessDenied);
        aws.refuse("ssm:DescribeParameters", "AccessDeniedException");
        let failure = read(&aws.clients().ssm(), &[]).await.unwrap_err();
        assert!(failure.to_string().starts_with("ssm:DescribeParameters failed"), "{failure}");
    }
}
