use isoform::prelude::*;

fn main() {
    let _ = sql!("{} = {}", 1);
    let _ = sql!("{x}", 1);
    let _ = sql!("SELECT 1", 1);
}
