//! A decoder-only Transformer (Vaswani et al., "Attention Is All You Need", NeurIPS 2017) with the blocks of Llama (Touvron et
//! al., "LLaMA: Open and Efficient Foundation Language Models", 2023):
//!
//! ```text
//! h = x + Attention(RMSNorm(x));  y = h + SwiGLU(RMSNorm(h));  logits = RMSNorm(y of the last block) W_out
//! ```
//!
//! with rotary positions, counted from 0 at the start token, and without biases. With each matrix transposed and each name
//! replaced it is `LlamaForCausalLM` of Hugging Face's transformers (`hidden_act` "silu", `rms_norm_eps` 1e-6, `rope_theta`
//! 10000, no biases). A label's vector is added to the embedding of every token.

mod block;
mod decoding;
mod extension;
mod generator;
mod gradient;
mod inference;
mod masks;
mod model;
mod shape;

pub(super) use generator::TransformerKind;
pub use model::TransformerGenerator;
pub use shape::TransformerShape;
