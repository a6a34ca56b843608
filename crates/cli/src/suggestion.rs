//! Suggests the name that a misspelt one probably means.

/// Returns the closest of several names, if it is close enough to be a typo. Letters are compared without case.
pub(crate) fn closest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = wrong.chars().count() / 3 + 1;
    let distance = |name: &str| strsim::damerau_levenshtein(&wrong.to_lowercase(), &name.to_lowercase());
    let measured = names.into_iter().map(|name| (distance(name), name));
    measured.filter(|(distance, _)| *distance <= most).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn only_a_typo_gets_a_suggestion() {
        let names = ["SourcePattern", "ReplacementPattern", "SSMParameterName"];
        assert_eq!(closest("SourcePatern", names), Some("SourcePattern"));
        assert_eq!(closest("sourcepattern", names), Some("SourcePattern"));
        assert_eq!(closest("SsmParamterName", names), Some("SSMParameterName"));
        assert_eq!(closest("TableName", names), None);
        assert_eq!(closest("", []), None);
    }
}
