//! `ORIGIN=http://127.0.0.1:8080 cargo run --package holdover-example-axum`; prints its port as JSON.
//! `cargo xtask demo rust` has an upstream for it that fails.

use holdover::driver::Tokio;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let origin = std::env::var("ORIGIN").map_err(|_| "set ORIGIN to the upstream's address")?;
    let app = holdover_example_axum::app(Tokio, &origin)?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{{\"port\":{}}}", listener.local_addr()?.port());
    Ok(axum::serve(listener, app).await?)
}
