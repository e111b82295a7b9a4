;; The search of text-end.ts, 64 octets at a time. `npm run docs` writes text-end-program.ts from this.
(module
  (memory (export "memory") 2)

  ;; The address of the first octet that is more than text, as `textEnd` has it, and `end` or more where there is none.
  ;; From `at` up to `end` there are the octets to be searched; one before them and one behind, which stand there in the
  ;; text, or are 0. What stands farther behind does not matter; the memory has to have 64 octets there.
  (func (export "textEnd") (param $at i32) (param $end i32) (param $dot i32) (result i32)
    ;; The octet before the one that is looked at. Engines that inline no calls are why the test of 16 octets stands here
    ;; five times: which are an LF without a CR before it, or something else with one, or a dot behind an LF.
    (local $before i32)
    (local $dots v128)
    (local $cr v128)
    (local $lf v128)
    (local $found i32)
    (local.set $before (i32.sub (local.get $at) (i32.const 1)))
    (local.set $dots (i8x16.splat (local.get $dot)))
    (local.set $cr (i8x16.splat (i32.const 13)))
    (local.set $lf (i8x16.splat (i32.const 10)))
    (loop $next
      ;; The octet behind the last is looked at, too: it shows whether a CR before it is bare.
      (if (i32.ge_u (local.get $before) (local.get $end)) (then (return (local.get $end))))
      (if (i32.eqz (v128.any_true (v128.or
        (v128.or
          (v128.or
            (v128.xor
              (i8x16.eq (v128.load offset=1 (local.get $before)) (local.get $lf))
              (i8x16.eq (v128.load (local.get $before)) (local.get $cr)))
            (v128.and
              (i8x16.eq (v128.load offset=1 (local.get $before)) (local.get $dots))
              (i8x16.eq (v128.load (local.get $before)) (local.get $lf))))
          (v128.or
            (v128.xor
              (i8x16.eq (v128.load offset=17 (local.get $before)) (local.get $lf))
              (i8x16.eq (v128.load offset=16 (local.get $before)) (local.get $cr)))
            (v128.and
              (i8x16.eq (v128.load offset=17 (local.get $before)) (local.get $dots))
              (i8x16.eq (v128.load offset=16 (local.get $before)) (local.get $lf)))))
        (v128.or
          (v128.or
            (v128.xor
              (i8x16.eq (v128.load offset=33 (local.get $before)) (local.get $lf))
              (i8x16.eq (v128.load offset=32 (local.get $before)) (local.get $cr)))
            (v128.and
              (i8x16.eq (v128.load offset=33 (local.get $before)) (local.get $dots))
              (i8x16.eq (v128.load offset=32 (local.get $before)) (local.get $lf))))
          (v128.or
            (v128.xor
              (i8x16.eq (v128.load offset=49 (local.get $before)) (local.get $lf))
              (i8x16.eq (v128.load offset=48 (local.get $before)) (local.get $cr)))
            (v128.and
              (i8x16.eq (v128.load offset=49 (local.get $before)) (local.get $dots))
              (i8x16.eq (v128.load offset=48 (local.get $before)) (local.get $lf))))))))
        (then
          (local.set $before (i32.add (local.get $before) (i32.const 64)))
          (br $next))))
    (loop $next
      (local.set $found (i8x16.bitmask
          (v128.or
            (v128.xor
              (i8x16.eq (v128.load offset=1 (local.get $before)) (local.get $lf))
              (i8x16.eq (v128.load (local.get $before)) (local.get $cr)))
            (v128.and
              (i8x16.eq (v128.load offset=1 (local.get $before)) (local.get $dots))
              (i8x16.eq (v128.load (local.get $before)) (local.get $lf))))))
      (if (i32.eqz (local.get $found))
        (then
          (local.set $before (i32.add (local.get $before) (i32.const 16)))
          (br $next))))
    (local.set $before (i32.add (local.get $before) (i32.ctz (local.get $found))))
    ;; A bare CR is seen from behind it.
    (i32.add (local.get $before) (i32.or
      (i32.eq (i32.load8_u offset=1 (local.get $before)) (i32.const 10))
      (i32.ne (i32.load8_u (local.get $before)) (i32.const 13)))))

  ;; Whether octets from `at` up to `end` are over 127. What stands behind, in the last 64, has to be 0.
  (func (export "eightBit") (param $at i32) (param $end i32) (result i32)
    (local $all v128)
    (loop $next
      (local.set $all (v128.or (local.get $all) (v128.or
        (v128.or (v128.load (local.get $at)) (v128.load offset=16 (local.get $at)))
        (v128.or (v128.load offset=32 (local.get $at)) (v128.load offset=48 (local.get $at))))))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (i32.ne (i8x16.bitmask (local.get $all)) (i32.const 0)))
)
