//! The library's matrix product by itself: the most that this machine gets out of the kernels, a measure for the rest.

use seqgan::kernel::multiply;
use seqgan::rng::{Purpose, Streams};

/// Rows and columns: far too large for the caches.
pub const SIZE: usize = 2048;

/// C = A B, all `[SIZE, SIZE]`.
pub struct Square {
    a: Vec<f32>,
    b: Vec<f32>,
    c: Vec<f32>,
}

impl Square {
    /// Random factors.
    pub fn new() -> Self {
        let streams = Streams::new(1, Purpose::Bootstrap);
        let matrix = |number: u64| {
            let mut reader = streams.reader(number);
            (0..SIZE * SIZE).map(|_| reader.uniform() as f32 - 0.5).collect()
        };
        Self { a: matrix(0), b: matrix(1), c: vec![0.0; SIZE * SIZE] }
    }

    /// One product.
    pub fn run(&mut self) {
        multiply(SIZE, SIZE, SIZE, &self.a, &self.b, &mut self.c);
    }

    /// Elements of a product are sums of products.
    pub fn verify(&mut self) {
        self.run();
        for at in (0..SIZE * SIZE).step_by(99_991) {
            let (i, j) = (at / SIZE, at % SIZE);
            let term = |p: usize| f64::from(self.a[i * SIZE + p]) * f64::from(self.b[p * SIZE + j]);
            let (got, want) = (f64::from(self.c[at]), (0..SIZE).map(term).sum::<f64>());
            assert!((got - want).abs() < 1e-3, "element {i}, {j} is {got}, expected {want}");
        }
    }
}
