//! The rule that every peer of the benchmark enforces, twice around the same check: as a proxy-wasm module and as a
//! dynamic module that runs inside Envoy without a VM.
mod rule;

#[cfg(target_arch = "wasm32")]
mod wasm;

#[cfg(not(target_arch = "wasm32"))]
mod native;
