//! As a proxy-wasm module. The headers are held until the body is checked, as in Scopegate.
use crate::rule;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use regex::Regex;
use std::rc::Rc;

/// Where jwt_authn stores the scopes of the verified token.
const SCOPES: [&str; 5] = [
    "metadata",
    "filter_metadata",
    "envoy.filters.http.jwt_authn",
    "jwt_payload",
    "scope",
];

struct Root(Rc<Regex>);
struct Filter(Rc<Regex>);

impl Context for Root {}
impl Context for Filter {}

impl RootContext for Root {
    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter(self.0.clone())))
    }
}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        if end_of_stream {
            Action::Continue
        } else {
            Action::Pause
        }
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if !end_of_stream {
            return Action::Pause;
        }
        let body = self.get_http_request_body(0, size).unwrap_or_default();
        let scopes = || String::from_utf8(self.get_property(SCOPES.to_vec())?).ok();
        let Some((status, challenge, text)) = rule::refusal(rule::decide(&body, &self.0, scopes)) else {
            return Action::Continue;
        };
        let headers = challenge.map(|value| ("www-authenticate", value));
        self.send_http_response(status, headers.into_iter().collect(), Some(text.as_bytes()));
        Action::Pause
    }
}

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Warn);
    proxy_wasm::set_root_context(|_| Box::new(Root(Rc::new(Regex::new(rule::PATTERN).unwrap()))));
}}
