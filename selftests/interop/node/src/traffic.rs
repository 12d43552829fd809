// SPDX-License-Identifier: GPL-2.0 OR MIT
//! Messages whose size and contents follow from their number. The program of
//! the kernel's side, ../../traffic.h, has the same mixture.

/// Bytes that may be under way: what is sent and has not come back.
pub const WINDOW: usize = 4 << 20;

const MEBIBYTE: usize = 1 << 20;

/// The numbers that belong to message `number`, one after the other.
struct Random(u32);

impl Random {
    fn of(number: u32) -> Self {
        Random(number.wrapping_mul(2_654_435_761).wrapping_add(1))
    }

    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }
}

/// Mostly small; from nothing up to 1 MiB.
pub fn size(number: u32) -> usize {
    let any = Random::of(number).next() as usize;

    match number {
        n if n % 1000 == 10 => MEBIBYTE,
        n if n % 100 == 20 => any % 65536,
        n if n % 50 == 0 => 0,
        n if n % 10 == 5 => any % 4096,
        _ => any % 256,
    }
}

pub fn contents(number: u32, size: usize) -> Vec<u8> {
    let mut random = Random::of(number);

    (0..size).map(|_| (random.next() >> 16) as u8).collect()
}

/// What a message of `size` bytes takes of the window.
pub fn cost(size: usize) -> u32 {
    (size + 65536).min(WINDOW) as u32
}
