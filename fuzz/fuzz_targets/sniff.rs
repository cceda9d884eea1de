#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    seqgan_fuzz::sniff::read(bytes);
});
