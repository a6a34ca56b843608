//! Pages whose tokens are indexes into the list, for services that do not specify their tokens.

use serde_json::Value;

/// Returns the page that a token refers to and the token of the next one. `None` means that the token is invalid.
pub(super) fn of(all: Vec<Value>, token: Option<&str>, limit: usize) -> Option<(Vec<Value>, Option<String>)> {
    let start = token.map_or(Some(0), |token| token.parse().ok())?;
    if start > all.len() {
        return None;
    }
    let end = start + limit;
    let next = (end < all.len()).then(|| end.to_string());
    Some((all.into_iter().skip(start).take(limit).collect(), next))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_follow_each_other_without_a_gap() {
        let all = || vec![json!(1), json!(2), json!(3)];
        assert_eq!(of(all(), None, 2), Some((vec![json!(1), json!(2)], Some("2".to_owned()))));
        assert_eq!(of(all(), Some("2"), 2), Some((vec![json!(3)], None)));
        assert_eq!(of(all(), None, 3), Some((all(), None)));
        assert_eq!(of(Vec::new(), None, 3), Some((Vec::new(), None)));
    }

    #[test]
    fn an_unknown_token_is_invalid() {
        assert_eq!(of(vec![json!(1)], Some("x"), 2), None);
        assert_eq!(of(vec![json!(1)], Some("7"), 2), None);
    }
}
