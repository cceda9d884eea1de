//! Output layer with softmax and weighted negative log-likelihood: several blocks of vocabulary and of rows, which
//! are 512 tokens and 64 rows, and tokens that may not be chosen.

use super::differences::check_at;
use crate::closeness::assert_close;
use crate::random::Random;
use seqgan::kernel::Masks;
use seqgan::nn::softmax::{Choice, Output};
use seqgan::nn::softmax_gradient::{AuxiliaryLoss, OutputLogits};

const HIDDEN: usize = 3;
const NEVER: [u32; 3] = [1, 511, 700];
const NEVER_FIRST: [u32; 2] = [0, 600];

/// `stride` is the distance of the tokens whose weights are checked: all of them would take a minute.
fn check_output(vocab: usize, rows: usize, never: &[u32], never_first: &[u32], stride: usize) {
    let mut random = Random::new((vocab + rows) as u64);
    let (w, b, h) = (random.normals(HIDDEN * vocab), random.normals(vocab), random.normals(rows * HIDDEN));
    let mut weights = random.normals(rows); // of both signs
    weights[rows / 2] = 0.0;
    let masks = Masks::new(vec![[never, never_first].concat(), never.to_vec()]);
    let allowed = |c: &Choice| !masks.forbids(c.mask, c.token);
    let mut draws = (0..).map(|_| random.between(0..=vocab - 1) as u32);
    let choices: Vec<Choice> = (0..rows)
        .map(|r| {
            draws
                .by_ref()
                .map(|token| Choice { token, mask: u32::from(r % 3 != 0) })
                .find(allowed)
                .expect("endless")
        })
        .collect();
    let loss = |w: &[f64], b: &[f64], h: &[f64]| -> f64 {
        let log_prob = Output::new(w, b, &masks).log_prob(h, &choices).0;
        weights.iter().zip(log_prob).map(|(w, l)| -w * l).sum()
    };
    let (mut dw, mut db) = (vec![0.0; w.len()], vec![0.0; vocab]);
    let output = Output::new(&w, &b, &masks);
    let (value, log_prob, dh) = output.weighted_nll(&h, &choices, &weights, &mut dw, &mut db);
    assert_close("log_prob", &log_prob, &output.log_prob(&h, &choices).0, 1e-13);
    assert!((value - loss(&w, &b, &h)).abs() < 1e-12 * value.abs().max(1.0));
    for &token in never {
        assert!(db[token as usize] == 0.0, "a token that is never chosen has no gradient");
    }
    // Tokens on both sides of a block's edge, those that are forbidden, and a sample of the others.
    let edges = [0, 1, 511, 512, 600, 700, 1023, 1024, vocab - 1].into_iter().filter(|&v| v < vocab);
    let tokens: Vec<usize> = edges.chain((0..vocab).step_by(stride)).collect();
    let of_w = tokens.iter().flat_map(|v| (0..HIDDEN).map(move |k| k * vocab + v));
    check_at("output w", &w, &dw, of_w, |w| loss(w, &b, &h));
    check_at("output b", &b, &db, tokens.iter().copied(), |b| loss(&w, b, &h));
    check_at("output h", &h, &dh, 0..h.len(), |h| loss(&w, &b, h));
}

/// Against distributions of a wider layer: several tasks of rows, forbidden tokens, weights of both signs.
#[test]
fn of_a_distilled_output_layer() {
    const WIDE: usize = 5;
    let (vocab, rows) = (11, 40);
    let mut random = Random::new(3);
    let (w, b, h) = (random.normals(HIDDEN * vocab), random.normals(vocab), random.normals(rows * HIDDEN));
    let (their_w, their_b) = (random.normals(WIDE * vocab), random.normals(vocab));
    let their_h = random.normals(rows * WIDE);
    let weights = random.normals(rows);
    let masks = Masks::new(vec![vec![0, 1], vec![1]]);
    let choices: Vec<Choice> =
        (0..rows).map(|r| Choice { token: 2 + (r % 9) as u32, mask: u32::from(r % 3 != 0) }).collect();
    let teacher = Output::new(&their_w, &their_b, &masks);
    // log p of every token in every row, a token at a time.
    let all = |output: &Output<'_, f64>, h: &[f64]| -> Vec<Vec<f64>> {
        let with = |token| -> Vec<Choice> { choices.iter().map(|c| Choice { token, ..*c }).collect() };
        (0..vocab as u32).map(|token| output.log_prob(h, &with(token)).0).collect()
    };
    let theirs = all(&teacher, &their_h);
    for weight in [0.0, 0.7, 1.0] {
        let loss = |w: &[f64], b: &[f64], h: &[f64]| -> f64 {
            let ours = all(&Output::new(w, b, &masks), h);
            let row = |r: usize| {
                let choice = choices[r].token as usize;
                let forbidden = |v: &usize| masks.forbids(choices[r].mask, *v as u32);
                let soft: f64 =
                    (0..vocab).filter(|v| !forbidden(v)).map(|v| theirs[v][r].exp() * ours[v][r]).sum();
                -weights[r] * (weight * soft + (1.0 - weight) * ours[choice][r])
            };
            (0..rows).map(row).sum()
        };
        let (mut dw, mut db) = (vec![0.0; w.len()], vec![0.0; vocab]);
        let output = Output::new(&w, &b, &masks);
        let logits = OutputLogits::new(teacher, their_h.clone());
        let soft = (&logits as _, AuxiliaryLoss::Distillation { weight });
        let (value, _, dh) = output.weighted_gradient(&h, &choices, Some(soft), &weights, &mut dw, &mut db);
        assert!((value - loss(&w, &b, &h)).abs() < 1e-11 * value.abs().max(1.0), "weight {weight}: {value}");
        check_at("distilled w", &w, &dw, 0..w.len(), |w| loss(w, &b, &h));
        check_at("distilled b", &b, &db, 0..vocab, |b| loss(&w, b, &h));
        check_at("distilled h", &h, &dh, 0..h.len(), |h| loss(&w, &b, h));
    }
}

/// The expected reward against a sum over all tokens, added to values of the choices, of both signs or 0.
#[test]
fn of_an_output_layer_with_an_expected_reward() {
    const WIDE: usize = 4;
    let (vocab, rows) = (9, 35);
    let mut random = Random::new(8);
    let (w, b, h) = (random.normals(HIDDEN * vocab), random.normals(vocab), random.normals(rows * HIDDEN));
    let (their_w, their_b) = (random.normals(WIDE * vocab), random.normals(vocab));
    let their_h = random.normals(rows * WIDE);
    let mut values = random.normals(rows);
    values[3] = 0.0;
    let masks = Masks::new(vec![vec![0, 1], vec![1]]);
    let choices: Vec<Choice> =
        (0..rows).map(|r| Choice { token: 2 + (r % 7) as u32, mask: u32::from(r % 3 != 0) }).collect();
    let reward = |r: usize, v: usize| {
        let products = (0..WIDE).map(|k| their_h[r * WIDE + k] * their_w[k * vocab + v]);
        their_b[v] + products.sum::<f64>()
    };
    for kl in [0.0, 1.5] {
        let loss = |w: &[f64], b: &[f64], h: &[f64]| -> f64 {
            let output = Output::new(w, b, &masks);
            let with = |token| -> Vec<Choice> { choices.iter().map(|c| Choice { token, ..*c }).collect() };
            let all: Vec<Vec<f64>> =
                (0..vocab as u32).map(|token| output.log_prob(h, &with(token)).0).collect();
            let row = |r: usize| {
                let allowed = (0..vocab).filter(|&v| !masks.forbids(choices[r].mask, v as u32));
                let expected = allowed.map(|v| all[v][r].exp() * (reward(r, v) - kl * all[v][r]));
                -values[r] * all[choices[r].token as usize][r] - expected.sum::<f64>()
            };
            (0..rows).map(row).sum()
        };
        let (mut dw, mut db) = (vec![0.0; w.len()], vec![0.0; vocab]);
        let output = Output::new(&w, &b, &masks);
        let theirs = Output::new(&their_w, &their_b, &masks);
        let logits = OutputLogits::new(theirs, their_h.clone());
        let expected = (&logits as _, AuxiliaryLoss::ExpectedReward { kl });
        let (value, _, dh) =
            output.weighted_gradient(&h, &choices, Some(expected), &values, &mut dw, &mut db);
        assert!((value - loss(&w, &b, &h)).abs() < 1e-11 * value.abs().max(1.0), "kl {kl}: {value}");
        check_at("expected reward w", &w, &dw, 0..w.len(), |w| loss(w, &b, &h));
        check_at("expected reward b", &b, &db, 0..vocab, |b| loss(&w, b, &h));
        check_at("expected reward h", &h, &dh, 0..h.len(), |h| loss(&w, &b, h));
    }
}

#[test]
fn of_an_output_layer_of_several_blocks() {
    check_output(1100, 150, &NEVER, &NEVER_FIRST, 97);
}

#[test]
fn of_an_output_layer_of_one_block_and_many_rows() {
    check_output(9, 333, &[1], &[0], 1);
    check_output(5, 64, &[], &[], 1);
}

/// The exponentials of 16 rows are kept, then those of the last one.
#[test]
fn of_an_output_layer_of_more_rows_than_are_kept() {
    check_output(132_000, 17, &NEVER, &NEVER_FIRST, 50_000);
}
