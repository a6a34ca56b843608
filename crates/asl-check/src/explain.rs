//! The explanation of each code, which is its section in docs/contracts.md.

use contracts::diagnostic::Code;

/// The page, as it is in the repository.
const PAGE: &str = include_str!("../../../docs/contracts.md");

/// The explanation of a code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// What it means and what to do, in Markdown.
    pub text: &'static str,
}

/// Returns the explanations of all codes, in the order of the page.
pub fn explanations() -> impl Iterator<Item = Explanation> {
    PAGE.split("\n## ").skip(1).filter_map(|section| {
        let (heading, text) = section.split_once('\n')?;
        let text = text.split("\n# ").next().unwrap_or(text).trim();
        Some(Explanation { code: heading.parse().ok()?, text })
    })
}

impl Explanation {
    /// Returns the explanation of a code.
    pub fn of(code: Code) -> Option<Explanation> {
        explanations().find(|explanation| explanation.code == code)
    }

    /// Returns its first sentence, on one line.
    pub fn in_short(&self) -> String {
        let text = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let first = text.split_once(". ").map_or(text.as_str(), |(first, _)| first);
        format!("{}.", first.trim_end_matches(['.', ':']))
    }
}
