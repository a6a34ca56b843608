//! Checks the groups in a template, as the crate `regex` reads them: `$1`, `$name`, `${1}`, `${any name}`, and `$$` for
//! a dollar sign. The crate reports no error for a group that the pattern does not have and replaces it by nothing.

use regex::Regex;

use super::RotationError;
use crate::text::quoted;

/// Refuses a template with a group that the pattern does not have.
pub(super) fn check(parameter: &'static str, template: &str, pattern: &Regex) -> Result<(), RotationError> {
    let Some(group) = named_in(template).into_iter().find(|group| !has(pattern, group)) else {
        return Ok(());
    };
    Err(RotationError::UnknownGroup {
        parameter,
        template: quoted(template),
        group: quoted(group),
        pattern: quoted(pattern.as_str()),
        advice: advice(pattern, group),
    })
}

fn has(pattern: &Regex, group: &str) -> bool {
    match group.parse::<usize>() {
        Ok(number) => number < pattern.captures_len(),
        Err(_) => pattern.capture_names().flatten().any(|name| name == group),
    }
}

/// Returns what would be right. Characters after a number or a name are read as part of it, which is the most common
/// mistake.
fn advice(pattern: &Regex, group: &str) -> String {
    let splits = group.char_indices().map(|(at, _)| group.split_at(at)).rev();
    let meant = splits.into_iter().find(|(group, _)| !group.is_empty() && has(pattern, group));
    if let Some((group, behind)) = meant {
        return format!("write ${{{group}}}{behind} for group {group} followed by {behind}");
    }
    let groups = match pattern.captures_len() - 1 {
        0 => "no groups".to_owned(),
        1 => "1 group".to_owned(),
        many => format!("{many} groups"),
    };
    format!("it has {groups}; $$ stands for a dollar")
}

/// Returns the groups in a template, in order.
fn named_in(template: &str) -> Vec<&str> {
    let mut groups = Vec::new();
    let mut rest = template;
    while let Some((_, behind)) = rest.split_once('$') {
        rest = behind;
        if let Some(behind) = rest.strip_prefix('$') {
            rest = behind;
            continue;
        }
        if let Some((group, behind)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            groups.push(group);
            rest = behind;
            continue;
        }
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let (group, behind) = rest.split_at(end.unwrap_or(rest.len()));
        // A lone dollar sign stands for itself.
        if !group.is_empty() {
            groups.push(group);
        }
        rest = behind;
    }
    groups
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn groups_are_found_in_templates() {
        for (template, groups) in [
            ("", vec![]),
            ("plain", vec![]),
            ("$1", vec!["1"]),
            ("$1x", vec!["1x"]),
            ("${1}x", vec!["1"]),
            ("$a-$b_c.$1", vec!["a", "b_c", "1"]),
            ("$$1", vec![]),
            ("$$$1", vec!["1"]),
            ("$", vec![]),
            ("$-", vec![]),
            ("${1", vec![]),
            ("${a b}", vec!["a b"]),
        ] {
            assert_eq!(named_in(template), groups, "{template}");
        }
    }

    #[test]
    fn unknown_group_gets_advice() {
        let pattern = Regex::new("(?P<what>.+)-(eu|us)").unwrap();
        assert_eq!(advice(&pattern, "2nd"), "write ${2}nd for group 2 followed by nd");
        assert_eq!(advice(&pattern, "whatever"), "write ${what}ever for group what followed by ever");
        assert_eq!(advice(&pattern, "3"), "it has 2 groups; $$ stands for a dollar");
        assert_eq!(advice(&Regex::new("x").unwrap(), "1"), "it has no groups; $$ stands for a dollar");
    }

    proptest! {
        /// Checks that the groups found are those that the crate replaces, by expanding the same groups by hand.
        #[test]
        fn found_groups_are_those_that_the_crate_replaces(template in r"[$a1{}x_-]{0,12}") {
            let pattern = Regex::new("(?P<a>Z)").unwrap();
            let known = named_in(&template).into_iter().all(|group| has(&pattern, group));
            let mut expanded = String::new();
            pattern.captures("Z").unwrap().expand(&template, &mut expanded);
            let replaced = expanded.matches('Z').count();
            if known {
                prop_assert_eq!(replaced, named_in(&template).len(), "{}", template);
            } else {
                prop_assert!(replaced < named_in(&template).len(), "{}", template);
            }
        }
    }
}
