;; A proxy-wasm filter that holds the request, copies the whole body into its memory and lets it go, without a look at
;; it: what any wasm filter costs that needs the body.
(module
  (import "env" "proxy_get_buffer_bytes" (func $getBuffer (param i32 i32 i32 i32 i32) (result i32)))
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

  (func (export "proxy_on_request_headers") (param i32 i32) (param $end i32) (result i32)
    (i32.eqz (local.get $end)))

  (func (export "proxy_on_request_body") (param i32) (param $size i32) (param $end i32) (result i32)
    (if (local.get $end)
      (then (drop (call $getBuffer (i32.const 0) (i32.const 0) (local.get $size) (i32.const 16) (i32.const 20)))))
    (i32.eqz (local.get $end))))
