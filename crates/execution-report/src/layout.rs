//! The frame of every HTML page: one file that fetches nothing, follows the reader's choice of light or dark, and prints
//! in black on white.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Colors, text, tables and the other parts that all pages share.
const STYLE: &str = include_str!("base.css");

/// Returns a page with this title and body. `style` and `script` are what this page has beyond the shared style.
pub fn document(title: &str, style: &str, script: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(style)) }
            }
            body {
                (body)
                @if !script.is_empty() { script { (PreEscaped(script)) } }
            }
        }
    }
    .into_string()
}
