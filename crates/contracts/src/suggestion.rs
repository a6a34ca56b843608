//! Suggests the name that a misspelt one probably means, for "did you mean".

/// Returns the closest of several names, if it is close enough to be a typo. Letters are compared without case.
pub fn closest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = wrong.chars().count() / 3 + 1;
    let measured = names.into_iter().map(|name| (distance(wrong, name), name));
    measured.filter(|(distance, _)| *distance <= most).min().map(|(_, name)| name)
}

/// Returns the number of letters to insert, delete or exchange. Letters are compared without case.
pub(crate) fn distance(one: &str, other: &str) -> usize {
    strsim::levenshtein(&one.to_lowercase(), &other.to_lowercase())
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

    #[test]
    fn a_typo_in_a_state_is_corrected() {
        let names = ["TimeoutSeconds", "HeartbeatSeconds", "Next", "End"];
        assert_eq!(closest("TimoutSeconds", names), Some("TimeoutSeconds"));
        assert_eq!(closest("next", names), Some("Next"));
        assert_eq!(closest("Elephant", names), None);
    }
}
