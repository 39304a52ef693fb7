//! As a dynamic module, on the C interface of Envoy 1.40 (source/extensions/dynamic_modules/abi/abi.h) without an SDK,
//! which is not on crates.io. Its metadata calls cannot read inside the token's payload, so jwt_authn puts the scopes
//! into a header, removing whatever the client may have sent in it.
use crate::rule;
use regex::Regex;
use std::borrow::Cow;
use std::ffi::{c_char, c_void};
use std::ptr::{null, null_mut};
use std::slice::from_raw_parts;

/// Bytes of Envoy or of this module.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Span {
    start: *const u8,
    length: usize,
}

#[repr(C)]
struct Pair {
    name: Span,
    value: Span,
}

type Stream = *mut c_void;

const SCOPES: &str = "x-jwt-scope";
const REQUEST_HEADERS: i32 = 0;
/// The part of the body that came with this event, and what was buffered before.
const RECEIVED: i32 = 0;
const KEPT: i32 = 1;
/// The return value of an event.
const CONTINUE: i32 = 0;
/// No further filter gets the headers; a body is buffered as well.
const STOP: i32 = 1;

extern "C" {
    fn envoy_dynamic_module_callback_http_get_body_chunks_size(stream: Stream, part: i32) -> usize;
    fn envoy_dynamic_module_callback_http_get_body_chunks(stream: Stream, part: i32, chunks: *mut Span) -> bool;
    fn envoy_dynamic_module_callback_http_received_buffered_request_body(stream: Stream) -> bool;
    fn envoy_dynamic_module_callback_http_get_header(
        stream: Stream,
        kind: i32,
        name: Span,
        value: *mut Span,
        index: usize,
        count: *mut usize,
    ) -> bool;
    fn envoy_dynamic_module_callback_http_send_response(
        stream: Stream,
        status: u32,
        headers: *const Pair,
        count: usize,
        body: Span,
        details: Span,
    );
}

const NOTHING: Span = Span {
    start: null(),
    length: 0,
};

impl Span {
    fn of(text: &str) -> Span {
        Span {
            start: text.as_ptr(),
            length: text.len(),
        }
    }

    /// # Safety
    /// Envoy's memory must outlive the value made from this.
    unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.length == 0 {
            return &[];
        }
        from_raw_parts(self.start, self.length)
    }
}

unsafe fn chunks(stream: Stream, part: i32) -> Vec<Span> {
    let mut chunks = vec![NOTHING; envoy_dynamic_module_callback_http_get_body_chunks_size(stream, part)];
    if !chunks.is_empty() && !envoy_dynamic_module_callback_http_get_body_chunks(stream, part, chunks.as_mut_ptr()) {
        chunks.clear();
    }
    chunks
}

/// The whole body; copied only when it came in several pieces.
unsafe fn body<'a>(stream: Stream) -> Cow<'a, [u8]> {
    let mut pieces = chunks(stream, KEPT);
    // Envoy may pass everything it buffered as if it had just arrived.
    if !envoy_dynamic_module_callback_http_received_buffered_request_body(stream) {
        pieces.extend(chunks(stream, RECEIVED));
    }
    match pieces.as_slice() {
        [one] => Cow::Borrowed(one.bytes()),
        many => Cow::Owned(many.iter().map(|piece| piece.bytes()).collect::<Vec<_>>().concat()),
    }
}

unsafe fn scopes(stream: Stream) -> Option<String> {
    let mut value = NOTHING;
    let name = Span::of(SCOPES);
    envoy_dynamic_module_callback_http_get_header(stream, REQUEST_HEADERS, name, &mut value, 0, null_mut());
    String::from_utf8(value.bytes().to_vec()).ok()
}

#[no_mangle]
pub extern "C" fn envoy_dynamic_module_on_program_init() -> *const c_char {
    c"v0.1.0".as_ptr()
}

#[no_mangle]
pub extern "C" fn envoy_dynamic_module_on_http_filter_config_new(_: *mut c_void, _: Span, _: Span) -> *const Regex {
    Box::into_raw(Box::new(Regex::new(rule::PATTERN).unwrap()))
}

#[no_mangle]
pub unsafe extern "C" fn envoy_dynamic_module_on_http_filter_config_destroy(config: *mut Regex) {
    drop(Box::from_raw(config));
}

/// A request has no state of its own: its filter is the configuration itself.
#[no_mangle]
pub extern "C" fn envoy_dynamic_module_on_http_filter_new(config: *const Regex, _: *mut c_void) -> *const Regex {
    config
}

#[no_mangle]
pub extern "C" fn envoy_dynamic_module_on_http_filter_request_headers(_: Stream, _: *const Regex, end: bool) -> i32 {
    if end {
        CONTINUE
    } else {
        STOP
    }
}

#[no_mangle]
pub unsafe extern "C" fn envoy_dynamic_module_on_http_filter_request_body(
    stream: Stream,
    pattern: *const Regex,
    end: bool,
) -> i32 {
    if !end {
        return STOP;
    }
    let verdict = rule::decide(&body(stream), &*pattern, || scopes(stream));
    let Some((status, challenge, text)) = rule::refusal(verdict) else {
        return CONTINUE;
    };
    let header = Pair {
        name: Span::of("www-authenticate"),
        value: Span::of(challenge.unwrap_or_default()),
    };
    let count = usize::from(challenge.is_some());
    envoy_dynamic_module_callback_http_send_response(
        stream,
        status,
        &header,
        count,
        Span::of(text),
        Span::of("denied"),
    );
    STOP
}

/// Events that this module takes no part in. Envoy refuses a module that lacks one of them; what has no arguments here
/// is never called, since nothing was asked for.
macro_rules! ignored {
    ($($event:ident($($argument:ty),*) $(-> $status:ident)?;)*) => {
        $(#[no_mangle]
        pub extern "C" fn $event($(_: $argument),*) $(-> $status)? {
            $(CONTINUE as $status)?
        })*
    };
}

ignored! {
    envoy_dynamic_module_on_http_filter_request_trailers(Stream, *const Regex) -> i32;
    envoy_dynamic_module_on_http_filter_response_headers(Stream, *const Regex, bool) -> i32;
    envoy_dynamic_module_on_http_filter_response_body(Stream, *const Regex, bool) -> i32;
    envoy_dynamic_module_on_http_filter_response_trailers(Stream, *const Regex) -> i32;
    envoy_dynamic_module_on_http_filter_local_reply(Stream, *const Regex) -> i32;
    envoy_dynamic_module_on_http_filter_stream_complete(Stream, *const Regex);
    envoy_dynamic_module_on_http_filter_destroy(*const Regex);
    envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark(Stream, *const Regex);
    envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark(Stream, *const Regex);
    envoy_dynamic_module_on_http_filter_scheduled();
    envoy_dynamic_module_on_http_filter_http_callout_done();
    envoy_dynamic_module_on_http_filter_http_stream_headers();
    envoy_dynamic_module_on_http_filter_http_stream_data();
    envoy_dynamic_module_on_http_filter_http_stream_trailers();
    envoy_dynamic_module_on_http_filter_http_stream_complete();
    envoy_dynamic_module_on_http_filter_http_stream_reset();
    envoy_dynamic_module_on_http_filter_config_scheduled();
    envoy_dynamic_module_on_http_filter_config_http_callout_done();
    envoy_dynamic_module_on_http_filter_config_http_stream_headers();
    envoy_dynamic_module_on_http_filter_config_http_stream_data();
    envoy_dynamic_module_on_http_filter_config_http_stream_trailers();
    envoy_dynamic_module_on_http_filter_config_http_stream_complete();
    envoy_dynamic_module_on_http_filter_config_http_stream_reset();
}
