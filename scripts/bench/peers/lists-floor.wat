;; A proxy-wasm filter that holds the response, copies the whole body into its memory and back, and lets it go: what any
;; wasm filter costs that changes an answer.
(module
  (import "env" "proxy_get_buffer_bytes" (func $getBuffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_buffer_bytes" (func $setBuffer (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $buffer i32 (i32.const 1024))

  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))
  (func (export "proxy_on_delete") (param i32))

  ;; Always the same place; memory grows to what the largest body needs.
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (local $pages i32)
    (local.set $pages
      (i32.sub
        (i32.add (i32.shr_u (i32.add (local.get $size) (global.get $buffer)) (i32.const 16)) (i32.const 1))
        (memory.size)))
    (if (i32.gt_s (local.get $pages) (i32.const 0)) (then (drop (memory.grow (local.get $pages)))))
    (global.get $buffer))

  (func (export "proxy_on_response_body") (param i32) (param $size i32) (param $end i32) (result i32)
    (if (local.get $end)
      (then
        (drop (call $getBuffer (i32.const 1) (i32.const 0) (local.get $size) (i32.const 16) (i32.const 20)))
        (drop (call $setBuffer (i32.const 1) (i32.const 0) (local.get $size) (global.get $buffer) (local.get $size)))))
    (i32.eqz (local.get $end))))
