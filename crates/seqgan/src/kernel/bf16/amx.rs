//! Blocks of a product by Intel's AMX, which multiplies tiles of 16 x 32 and 32 x 16 numbers.
#![allow(unsafe_code)] // instructions without intrinsics in stable Rust; every pointer is inside a slice, as `Block` vouches

use super::block::Block;

/// Computes a block.
///
/// # Safety
/// As of [`Block`]; AMX must be there (`detection`).
pub(super) unsafe fn multiply(block: &Block<'_>) {
    // SAFETY: as the caller grants.
    #[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
    unsafe {
        linux::multiply(block);
    }
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux", not(miri))))]
    unreachable!("a CPU with AMX, {} rows", block.rows);
}

#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
mod linux {
    use super::super::block::Block;
    use super::super::number::Line;
    use crate::kernel::simd::LANES;
    use std::arch::asm;

    /// Sizes of the eight tile registers: 16 rows of 64 bytes each.
    #[repr(C, align(64))]
    struct Configuration([u8; 64]);

    static CONFIGURATION: Configuration = {
        let mut bytes = [0; 64];
        bytes[0] = 1; // the palette
        let mut tile = 0;
        while tile < 8 {
            bytes[16 + 2 * tile] = 64;
            bytes[48 + tile] = 16;
            tile += 1;
        }
        Configuration(bytes)
    };

    /// A tile of C, in C itself or in a spare one.
    #[derive(Clone, Copy)]
    #[repr(C)]
    struct Place {
        start: *mut f32,
        stride: usize, // in bytes
    }

    /// Tiles of C that are not whole, and those that are not there.
    #[repr(C, align(64))]
    struct Spare([[f32; LANES * LANES]; 4]);

    /// # Safety
    /// As of [`super::multiply`].
    pub(super) unsafe fn multiply(block: &Block<'_>) {
        let (strips, columns) = (block.rows.div_ceil(LANES), block.columns.div_ceil(LANES));
        let mut spare = Spare([[0.0; LANES * LANES]; 4]);
        // SAFETY: the block is inside its slices, so its strips are; the registers are configured in between alone.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &raw const CONFIGURATION, options(nostack));
            let pairs = strips / 2 * 2;
            for j in (0..columns).step_by(2) {
                for i in (0..pairs).step_by(2) {
                    let tiles = [(i, j), (i, j + 1), (i + 1, j), (i + 1, j + 1)];
                    on_places(block, tiles, columns, &mut spare, |places| two_by_two(block, (i, j), places));
                }
            }
            if pairs < strips {
                for j in (0..columns).step_by(4) {
                    let tiles = [j, j + 1, j + 2, j + 3].map(|j| (pairs, j));
                    on_places(block, tiles, columns, &mut spare, |places| {
                        one_by_four(block, (pairs, j), places)
                    });
                }
            }
            asm!("tilerelease", options(nostack, nomem));
        }
    }

    /// Runs `code` with the places of tiles of C. Tiles that are not whole are copied there and back.
    ///
    /// # Safety
    /// As of [`multiply`]; the rows of the tiles exist.
    #[inline(always)]
    unsafe fn on_places(
        block: &Block<'_>,
        tiles: [(usize, usize); 4],
        columns: usize,
        spare: &mut Spare,
        code: impl FnOnce(&[Place; 4]),
    ) {
        let size = |(i, j): (usize, usize)| match j < columns {
            true => ((block.rows - i * LANES).min(LANES), (block.columns - j * LANES).min(LANES)),
            false => (0, 0),
        };
        let at = |(i, j): (usize, usize)| block.c.wrapping_add(i * LANES * block.c_stride + j * LANES);
        let places = std::array::from_fn(|tile| {
            if size(tiles[tile]) == (LANES, LANES) {
                return Place { start: at(tiles[tile]), stride: 4 * block.c_stride };
            }
            let (rows, width) = size(tiles[tile]);
            let to = &mut spare.0[tile];
            if block.accumulate {
                for (row, to) in to.chunks_exact_mut(LANES).take(rows).enumerate() {
                    // SAFETY: the row of C has these elements.
                    unsafe {
                        let from = at(tiles[tile]).add(row * block.c_stride);
                        std::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), width);
                    }
                }
            }
            Place { start: to.as_mut_ptr(), stride: 4 * LANES }
        });
        code(&places);
        for (tile, from) in spare.0.iter().enumerate() {
            let (rows, width) = size(tiles[tile]);
            if (rows, width) != (LANES, LANES) {
                for (row, from) in from.chunks_exact(LANES).take(rows).enumerate() {
                    // SAFETY: the row of C has these elements.
                    unsafe {
                        let to = at(tiles[tile]).add(row * block.c_stride);
                        std::ptr::copy_nonoverlapping(from.as_ptr(), to, width);
                    }
                }
            }
        }
    }

    /// The first tile of a strip of B; of the last strip where there is none.
    fn strip_of_b(block: &Block<'_>, strip: usize) -> *const Line {
        let last = block.columns.div_ceil(LANES) - 1;
        block.b[strip.min(last) * block.b_tiles * LANES..].as_ptr()
    }

    fn strip_of_a(block: &Block<'_>, strip: usize) -> *const Line {
        block.a[strip * block.tiles * LANES..].as_ptr()
    }

    /// Loads four tiles of C into the registers 0 to 3, or makes them zero.
    macro_rules! begin {
        () => {
            "test {accumulate}, {accumulate}
             jz 2f
             mov {place}, [{places}]
             mov {stride}, [{places} + 8]
             tileloadd tmm0, [{place} + {stride}]
             mov {place}, [{places} + 16]
             mov {stride}, [{places} + 24]
             tileloadd tmm1, [{place} + {stride}]
             mov {place}, [{places} + 32]
             mov {stride}, [{places} + 40]
             tileloadd tmm2, [{place} + {stride}]
             mov {place}, [{places} + 48]
             mov {stride}, [{places} + 56]
             tileloadd tmm3, [{place} + {stride}]
             jmp 3f
             2:
             tilezero tmm0
             tilezero tmm1
             tilezero tmm2
             tilezero tmm3
             3:
             mov {stride}, 64"
        };
    }

    /// Stores the registers 0 to 3 as four tiles of C.
    macro_rules! end {
        () => {
            "mov {place}, [{places}]
             mov {stride}, [{places} + 8]
             tilestored [{place} + {stride}], tmm0
             mov {place}, [{places} + 16]
             mov {stride}, [{places} + 24]
             tilestored [{place} + {stride}], tmm1
             mov {place}, [{places} + 32]
             mov {stride}, [{places} + 40]
             tilestored [{place} + {stride}], tmm2
             mov {place}, [{places} + 48]
             mov {stride}, [{places} + 56]
             tilestored [{place} + {stride}], tmm3"
        };
    }

    /// Two strips of A from `i` by two of B from `j`.
    ///
    /// # Safety
    /// As of [`multiply`], with the registers configured; the strips of A exist; `places` are four tiles.
    unsafe fn two_by_two(block: &Block<'_>, (i, j): (usize, usize), places: &[Place; 4]) {
        // SAFETY: every strip has `tiles` tiles of 1,024 bytes.
        unsafe {
            asm!(
                begin!(),
                "4:",
                "tileloadd tmm6, [{b0} + {stride}]",
                "tileloadd tmm4, [{a0} + {stride}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{b1} + {stride}]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{a1} + {stride}]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {a0}, 1024",
                "add {a1}, 1024",
                "add {b0}, 1024",
                "add {b1}, 1024",
                "dec {n}",
                "jnz 4b",
                end!(),
                a0 = inout(reg) strip_of_a(block, i) => _,
                a1 = inout(reg) strip_of_a(block, i + 1) => _,
                b0 = inout(reg) strip_of_b(block, j) => _,
                b1 = inout(reg) strip_of_b(block, j + 1) => _,
                n = inout(reg) block.tiles => _,
                accumulate = in(reg) usize::from(block.accumulate),
                places = in(reg) places.as_ptr(),
                place = out(reg) _,
                stride = out(reg) _,
                options(nostack),
            );
        }
    }

    /// A strip of A, number `i`, by four of B from `j`.
    ///
    /// # Safety
    /// As of [`two_by_two`].
    unsafe fn one_by_four(block: &Block<'_>, (i, j): (usize, usize), places: &[Place; 4]) {
        // SAFETY: every strip has `tiles` tiles of 1,024 bytes.
        unsafe {
            asm!(
                begin!(),
                "4:",
                "tileloadd tmm4, [{a0} + {stride}]",
                "tileloadd tmm5, [{b0} + {stride}]",
                "tdpbf16ps tmm0, tmm4, tmm5",
                "tileloadd tmm6, [{b1} + {stride}]",
                "tdpbf16ps tmm1, tmm4, tmm6",
                "tileloadd tmm7, [{b2} + {stride}]",
                "tdpbf16ps tmm2, tmm4, tmm7",
                "tileloadd tmm5, [{b3} + {stride}]",
                "tdpbf16ps tmm3, tmm4, tmm5",
                "add {a0}, 1024",
                "add {b0}, 1024",
                "add {b1}, 1024",
                "add {b2}, 1024",
                "add {b3}, 1024",
                "dec {n}",
                "jnz 4b",
                end!(),
                a0 = inout(reg) strip_of_a(block, i) => _,
                b0 = inout(reg) strip_of_b(block, j) => _,
                b1 = inout(reg) strip_of_b(block, j + 1) => _,
                b2 = inout(reg) strip_of_b(block, j + 2) => _,
                b3 = inout(reg) strip_of_b(block, j + 3) => _,
                n = inout(reg) block.tiles => _,
                accumulate = in(reg) usize::from(block.accumulate),
                places = in(reg) places.as_ptr(),
                place = out(reg) _,
                stride = out(reg) _,
                options(nostack),
            );
        }
    }
}
