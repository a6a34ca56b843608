//! docs/contracts.md has exactly one section for each code.

use std::path::Path;

use contracts::diagnostic::Code;

#[test]
fn every_code_has_its_section_and_every_section_its_code() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contracts.md");
    let page = std::fs::read_to_string(page).unwrap();
    let is_code = |heading: &&str| heading.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
    let sections: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("## ")).filter(is_code).collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(sections, codes, "in the order of the codes");
    for section in page.split("\n## ").skip(1) {
        let (name, text) = section.split_once('\n').unwrap();
        assert!(text.trim().len() > 60, "{name} says too little");
    }
}
