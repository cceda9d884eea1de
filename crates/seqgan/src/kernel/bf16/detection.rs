//! Whether products in bfloat16 are by AMX.
#![allow(unsafe_code)] // a system call

/// Whether this CPU has AMX for bfloat16, the operating system lets this process use it, and nobody asked for less.
pub(super) fn amx() -> bool {
    #[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
    {
        static AVAILABLE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
        *AVAILABLE.get_or_init(ask)
    }
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux", not(miri))))]
    false
}

#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
fn ask() -> bool {
    use crate::kernel::simd;
    use std::arch::x86_64::__cpuid_count;
    const TILE_DATA: libc::c_ulong = 18;
    const REQUEST_PERMISSION: libc::c_ulong = 0x1023;
    if simd::level() != simd::Level::Avx512
        || std::env::var("SEQGAN_SIMD").is_ok_and(|wanted| wanted == "avx512")
    {
        return false;
    }
    let instructions = is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512bf16");
    // SAFETY: every x86-64 CPU answers; newer compilers know that the call is safe.
    #[allow(unused_unsafe)]
    let leaf = unsafe { __cpuid_count(7, 0) }.edx;
    let (bf16, tiles) = (leaf >> 22 & 1 == 1, leaf >> 24 & 1 == 1);
    // SAFETY: the call asks for a permission and changes nothing else.
    instructions
        && bf16
        && tiles
        && unsafe { libc::syscall(libc::SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) } == 0
}
