//! Files of tensors whose header is what was changed.

use serde_json::Value;

/// Most bytes of tensors that are made for a header.
const MOST: u64 = 1 << 16;

/// Bytes that begin like a header's text become the file around it: the length before it, and behind it as many bytes as
/// it speaks of, the given ones (those behind a zero byte) and then zeros. A change in the header would else hardly ever
/// leave a file whose parts fit together. Other bytes are a file as they are.
pub fn file(bytes: &[u8]) -> Vec<u8> {
    if bytes.first() != Some(&b'{') {
        return bytes.to_vec();
    }
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let (header, values) = bytes.split_at(end);
    let ends = serde_json::from_slice::<Value>(header).ok().and_then(|header| {
        let ends = header.as_object()?.values().filter_map(|tensor| tensor["data_offsets"][1].as_u64());
        ends.max()
    });
    let mut values = values.get(1..).unwrap_or_default().to_vec();
    values.resize(ends.unwrap_or(0).min(MOST) as usize, 0);
    [&(header.len() as u64).to_le_bytes(), header, &values].concat()
}
