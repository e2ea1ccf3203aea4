//! Asking for memory before it is needed: a hint to the processor that changes nothing.
#![allow(unsafe_code)] // one intrinsic, with its proof

/// Bytes of a cache line.
const LINE: usize = 64;

/// Ask for the cache line in which `value` begins.
#[inline]
pub(crate) fn prefetch<T>(value: &T) {
    line(std::ptr::from_ref(value).cast());
}

/// Ask for every cache line of `value`.
#[inline]
pub(crate) fn prefetch_all<T>(value: &T) {
    let start: *const u8 = std::ptr::from_ref(value).cast();
    for offset in (0..size_of::<T>()).step_by(LINE) {
        line(start.wrapping_add(offset));
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn line(address: *const u8) {
    // SAFETY: PREFETCHT0 reads nothing into the program and does not fault, whatever the address (Intel SDM, volume 2); it is part
    // of SSE, which every x86-64 processor has. The address is not dereferenced.
    unsafe { std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast()) };
}

/// Other processors have no such intrinsic in stable Rust.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
const fn line(_address: *const u8) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_as_it_was() {
        let (one, many) = (7_u8, [1_u64; 40]);
        prefetch(&one);
        prefetch_all(&many);
        prefetch_all(&());
        assert_eq!((one, many), (7, [1; 40]));
    }
}
