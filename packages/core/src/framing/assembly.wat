;; The loops over content of assembly.ts. `npm run docs` writes assembly-program.ts from this. Engines inline no calls, so that
;; loops have none.
(module
  ;; The first page and a little more is for what is read; what is written begins with the second, and its end is the end of
  ;; all: nothing can be written behind it.
  (memory (export "memory") 2)

  ;; What else a copy has to tell: the address behind what was read, and whether a newline was bare.
  (global $next (export "next") (mut i32) (i32.const 0))
  (global $bare (export "bare") (mut i32) (i32.const 0))

  ;; The search of text-end.ts, 64 octets at a time: the address of the first octet that is more than text, as `textEnd` has it,
  ;; and `end` or more where there is none. From `at` up to `end` there are the octets to be searched; one before them and
  ;; one behind, which stand there in the text, or are 0. What stands farther behind does not matter; the memory has to have
  ;; 64 octets there.
  (func (export "textEnd") (param $at i32) (param $end i32) (param $dot i32) (result i32)
    ;; The octet before the one that is looked at. Engines that inline no calls are why the test of 16 octets stands here
    ;; five times: which are an LF without a CR before it, or something else with one, or a dot behind an LF.
    (local $before i32)
    (local $dots v128)
    (local $cr v128)
    (local $lf v128)
    (local $octets v128)
    (local $behind v128)
    (local $bad v128)
    (local $found i32)
    (local.set $before (i32.sub (local.get $at) (i32.const 1)))
    (local.set $dots (i8x16.splat (local.get $dot)))
    (local.set $cr (i8x16.splat (i32.const 13)))
    (local.set $lf (i8x16.splat (i32.const 10)))
    (loop $next
      ;; The octet behind the last is looked at, too: it shows whether a CR before it is bare.
      (if (i32.ge_u (local.get $before) (local.get $end)) (then (return (local.get $end))))
      (local.set $bad (v128.or
          (v128.xor
            (i8x16.eq (local.tee $octets (v128.load offset=1 (local.get $before))) (local.get $lf))
            (i8x16.eq (local.tee $behind (v128.load (local.get $before))) (local.get $cr)))
          (v128.and
            (i8x16.eq (local.get $octets) (local.get $dots))
            (i8x16.eq (local.get $behind) (local.get $lf)))))
      (local.set $bad (v128.or (local.get $bad) (v128.or
          (v128.xor
            (i8x16.eq (local.tee $octets (v128.load offset=17 (local.get $before))) (local.get $lf))
            (i8x16.eq (local.tee $behind (v128.load offset=16 (local.get $before))) (local.get $cr)))
          (v128.and
            (i8x16.eq (local.get $octets) (local.get $dots))
            (i8x16.eq (local.get $behind) (local.get $lf))))))
      (local.set $bad (v128.or (local.get $bad) (v128.or
          (v128.xor
            (i8x16.eq (local.tee $octets (v128.load offset=33 (local.get $before))) (local.get $lf))
            (i8x16.eq (local.tee $behind (v128.load offset=32 (local.get $before))) (local.get $cr)))
          (v128.and
            (i8x16.eq (local.get $octets) (local.get $dots))
            (i8x16.eq (local.get $behind) (local.get $lf))))))
      (local.set $bad (v128.or (local.get $bad) (v128.or
          (v128.xor
            (i8x16.eq (local.tee $octets (v128.load offset=49 (local.get $before))) (local.get $lf))
            (i8x16.eq (local.tee $behind (v128.load offset=48 (local.get $before))) (local.get $cr)))
          (v128.and
            (i8x16.eq (local.get $octets) (local.get $dots))
            (i8x16.eq (local.get $behind) (local.get $lf))))))
      (if (i32.eqz (v128.any_true (local.get $bad)))
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

  ;; The address behind the first CRLF.CRLF from `at` on, or something over `end` where there is none up to it. Looks at up to
  ;; 19 octets from `end` on.
  (func (export "contentEnd") (param $at i32) (param $end i32) (result i32)
    (local $cr v128)
    (local $lf v128)
    (local $found i32)
    (local.set $cr (i8x16.splat (i32.const 13)))
    (local.set $lf (i8x16.splat (i32.const 10)))
    (loop $next
      (local.set $found (i8x16.bitmask
        (v128.and
          (v128.and
            (v128.and
              (i8x16.eq (v128.load (local.get $at)) (local.get $cr))
              (i8x16.eq (v128.load offset=1 (local.get $at)) (local.get $lf)))
            (v128.and
              (i8x16.eq (v128.load offset=3 (local.get $at)) (local.get $cr))
              (i8x16.eq (v128.load offset=4 (local.get $at)) (local.get $lf))))
          (i8x16.eq (v128.load offset=2 (local.get $at)) (i8x16.splat (i32.const 46))))))
      (if (i32.eqz (local.get $found))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br_if $next (i32.lt_u (local.get $at) (local.get $end)))
          (return (i32.add (local.get $end) (i32.const 1))))))
    (i32.add (i32.add (local.get $at) (i32.ctz (local.get $found))) (i32.const 5)))

  ;; The copy of unstuffing.ts: puts at `out` what is content from `at` up to `end`, and gives the address behind it. A CRLF that
  ;; begins before `end` is read whole, and a dot behind it, unless the chunk is over at `last`. Four octets from `end` on
  ;; are looked at. Written are at most two octets for each from `at` to `end`, and one.
  (func (export "unstuffed") (param $at i32) (param $end i32) (param $last i32) (param $out i32) (param $stopsAtBare i32)
    (result i32)
    (local $octets v128)
    (local $octet i32)
    (local $bare i32)
    (block $done
      (loop $line
        ;; Sixteen of which none is a newline are copied at once: they are all to be read, so that none is written too much.
        (if (i32.le_u (i32.add (local.get $at) (i32.const 16)) (local.get $end))
          (then
            (local.set $octets (v128.load (local.get $at)))
            (if (i32.eqz (v128.any_true (i8x16.le_u (local.get $octets) (i8x16.splat (i32.const 13)))))
              (then
                (v128.store (local.get $out) (local.get $octets))
                (local.set $at (i32.add (local.get $at) (i32.const 16)))
                (local.set $out (i32.add (local.get $out) (i32.const 16)))
                (br $line)))))
        (loop $next
          (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
          (local.set $octet (i32.load8_u (local.get $at)))
          (i32.store8 (local.get $out) (local.get $octet))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $out (i32.add (local.get $out) (i32.const 1)))
          (br_if $next (i32.gt_u (local.get $octet) (i32.const 13)))
          (if (i32.eq (local.get $octet) (i32.const 13))
            (then
              (br_if $done (i32.eq (local.get $at) (local.get $last)))
              (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 10))
                (then
                  (i32.store8 (local.get $out) (i32.const 10))
                  (local.set $at (i32.add (local.get $at) (i32.const 1)))
                  (local.set $out (i32.add (local.get $out) (i32.const 1)))
                  (br_if $line (i32.ne (i32.load8_u (local.get $at)) (i32.const 46)))
                  ;; CRLF: the dot is, or may be, the final one.
                  (br_if $done (i32.eq (i32.load16_u offset=1 (local.get $at)) (i32.const 0x0a0d)))
                  (local.set $at (i32.add (local.get $at) (i32.const 1)))
                  (br $line))))
            (else (br_if $next (i32.ne (local.get $octet) (i32.const 10)))))
          (local.set $out (i32.sub (local.get $out) (i32.const 1)))
          (if (local.get $stopsAtBare)
            (then
              (local.set $at (i32.sub (local.get $at) (i32.const 1)))
              (br $done)))
          (local.set $bare (i32.const 1))
          (i32.store16 (local.get $out) (i32.const 0x0a0d))
          (local.set $out (i32.add (local.get $out) (i32.const 2)))
          ;; Where every other octet is a newline, trying sixteen each time would cost half as much again.
          (br_if $next (i32.le_u (i32.load8_u offset=1 (local.get $at)) (i32.const 13)))
          (br $line))))
    (global.set $next (local.get $at))
    (global.set $bare (local.get $bare))
    (local.get $out))

  ;; The copy of stuffing.ts: puts at `out` what is sent for the octets from `at` up to `end`, and gives the address behind it.
  ;; A CR at the very end is left out. What stands from `end` on does not matter. Written are at most two octets for each, and one.
  (func (export "stuffed") (param $at i32) (param $end i32) (param $out i32) (param $dot i32) (param $isLineStart i32)
    (result i32)
    (local $octets v128)
    (local $octet i32)
    (local $newline i32)
    (local $behind i32)
    (local $bare i32)
    (if (i32.and (local.get $isLineStart) (i32.eq (i32.load8_u (local.get $at)) (local.get $dot)))
      (then
        (i32.store8 (local.get $out) (local.get $dot))
        (local.set $out (i32.add (local.get $out) (i32.const 1)))))
    (block $done
      (loop $line
        (if (i32.le_u (i32.add (local.get $at) (i32.const 16)) (local.get $end))
          (then
            (local.set $octets (v128.load (local.get $at)))
            (if (i32.eqz (v128.any_true (i8x16.le_u (local.get $octets) (i8x16.splat (i32.const 13)))))
              (then
                (v128.store (local.get $out) (local.get $octets))
                (local.set $at (i32.add (local.get $at) (i32.const 16)))
                (local.set $out (i32.add (local.get $out) (i32.const 16)))
                (br $line)))))
        (loop $next
          (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
          (local.set $octet (i32.load8_u (local.get $at)))
          (i32.store8 (local.get $out) (local.get $octet))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $out (i32.add (local.get $out) (i32.const 1)))
          (br_if $next (i32.gt_u (local.get $octet) (i32.const 13)))
          (if (i32.eq (local.get $octet) (i32.const 13))
            (then
              (if (i32.eq (local.get $at) (local.get $end))
                (then
                  (local.set $out (i32.sub (local.get $out) (i32.const 1)))
                  (br $done)))
              (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 10))
                (then
                  (i32.store8 (local.get $out) (i32.const 10))
                  (local.set $at (i32.add (local.get $at) (i32.const 1)))
                  (local.set $out (i32.add (local.get $out) (i32.const 1)))
                  (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
                  (br_if $line (i32.ne (i32.load8_u (local.get $at)) (local.get $dot)))
                  (i32.store8 (local.get $out) (local.get $dot))
                  (local.set $out (i32.add (local.get $out) (i32.const 1)))
                  (br $line))))
            (else (br_if $next (i32.ne (local.get $octet) (i32.const 10)))))
          (local.set $bare (i32.const 1))
          (i32.store16 (i32.sub (local.get $out) (i32.const 1)) (i32.const 0x0a0d))
          (local.set $out (i32.add (local.get $out) (i32.const 1)))
          (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
          (if (i32.eq (i32.load8_u (local.get $at)) (local.get $dot))
            (then
              (i32.store8 (local.get $out) (local.get $dot))
              (local.set $out (i32.add (local.get $out) (i32.const 1)))))
          ;; Where every other octet is a newline: text, a newline that is bare, and behind it text that is no dot.
          (if (i32.le_u (i32.load8_u offset=1 (local.get $at)) (i32.const 13))
            (then
              (loop $pair
                (if (i32.lt_u (i32.add (local.get $at) (i32.const 2)) (local.get $end))
                  (then
                    (local.set $octet (i32.load (local.get $at)))
                    (if (i32.gt_u (i32.and (local.get $octet) (i32.const 255)) (i32.const 13))
                      (then
                        (local.set $newline (i32.and (i32.shr_u (local.get $octet) (i32.const 8)) (i32.const 255)))
                        (if (i32.or (i32.eq (local.get $newline) (i32.const 13)) (i32.eq (local.get $newline) (i32.const 10)))
                          (then
                            (local.set $behind (i32.and (i32.shr_u (local.get $octet) (i32.const 16)) (i32.const 255)))
                            (if (i32.and
                                  (i32.gt_u (local.get $behind) (i32.const 13))
                                  (i32.ne (local.get $behind) (local.get $dot)))
                              (then
                                ;; One octet too many, which is overwritten, or stands behind all.
                                (i32.store
                                  (local.get $out)
                                  (i32.or (i32.and (local.get $octet) (i32.const 255)) (i32.const 0x0a0d00)))
                                (local.set $at (i32.add (local.get $at) (i32.const 2)))
                                (local.set $out (i32.add (local.get $out) (i32.const 3)))
                                (br $pair))))))))))
              (br $next)))
          (br $line))))
    (global.set $bare (local.get $bare))
    (local.get $out))
)
