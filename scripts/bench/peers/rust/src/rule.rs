//! A call of `hello` needs the scope `hello:call` and a text that matches. Other methods pass, other tools do not.
use regex::Regex;
use serde::Deserialize;
use std::borrow::Cow;

pub const PATTERN: &str = "^Hello, .*!$";
pub const CHALLENGE: &str = r#"Bearer error="insufficient_scope", scope="hello:call""#;

const METHOD: &str = "tools/call";
const TOOL: &str = "hello";
const SCOPE: &str = "hello:call";

/// Members that are not named here are skipped without a copy; those that are stay where they are in the body,
/// unless they have escapes. A duplicate member is an error.
#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    params: Params<'a>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    arguments: Arguments<'a>,
}

#[derive(Deserialize, Default)]
struct Arguments<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
}

/// For a message that is not a tool call: its params may have any form.
#[derive(Deserialize)]
struct Other<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
}

#[derive(Debug, PartialEq)]
pub enum Verdict {
    Allow,
    Deny,
    NeedsScope,
    Invalid,
}

/// `scopes` is called only if everything else matches.
pub fn decide(body: &[u8], pattern: &Regex, scopes: impl FnOnce() -> Option<String>) -> Verdict {
    let Ok(Call { method, params }) = serde_json::from_slice(body) else {
        return other(body);
    };
    if method != METHOD {
        return Verdict::Allow;
    }
    let matches = params.arguments.text.is_some_and(|text| pattern.is_match(&text));
    if params.name != TOOL || !matches {
        return Verdict::Deny;
    }
    match scopes() {
        Some(granted) if granted.split(' ').any(|scope| scope == SCOPE) => Verdict::Allow,
        _ => Verdict::NeedsScope,
    }
}

fn other(body: &[u8]) -> Verdict {
    match serde_json::from_slice::<Other>(body) {
        Ok(Other { method }) if method != METHOD => Verdict::Allow,
        _ => Verdict::Invalid,
    }
}

/// Status, challenge and text of the reply; none for a request that passes.
pub fn refusal(verdict: Verdict) -> Option<(u32, Option<&'static str>, &'static str)> {
    match verdict {
        Verdict::Allow => None,
        Verdict::Deny => Some((403, None, "denied")),
        Verdict::NeedsScope => Some((403, Some(CHALLENGE), "insufficient scope")),
        Verdict::Invalid => Some((400, None, "not a message")),
    }
}
