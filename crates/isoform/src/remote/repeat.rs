//! Requests that no answer came to are sent again, and writes carry a key by which the server applies them once.

use super::{Request, Response, Transport};
use crate::Result;

/// How long is waited before a request is sent again, in milliseconds.
const WAITS: [i32; 2] = [200, 800];

/// Does a request change something? Of the questions that come by `POST` each says `__action`, and of the writes only those of many rows
/// and of what is related.
pub(super) fn writes(method: &str, path: &str) -> bool {
    method != "GET" && (!path.contains("__action=") || path.contains("Many") || path.ends_with("Relation"))
}

/// Sends a request, again where no answer comes.
pub(super) async fn sent(transport: &dyn Transport, request: Request) -> Result<Response> {
    for wait in WAITS {
        match transport.send(request.clone()).await {
            Err(error) if error.is_unavailable() => wait_for(wait).await,
            answer => return answer,
        }
    }
    transport.send(Request { again: false, ..request }).await
}

/// A text that nobody else chooses.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn key() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

#[cfg(not(target_arch = "wasm32"))]
async fn wait_for(milliseconds: i32) {
    // A program without tokio's clock does not wait.
    if tokio::runtime::Handle::try_current().is_ok() {
        tokio::time::sleep(std::time::Duration::from_millis(milliseconds.unsigned_abs().into())).await;
    }
}

#[cfg(target_arch = "wasm32")]
pub(super) use browser::{key, wait_for};

#[cfg(target_arch = "wasm32")]
mod browser {
    use wasm_bindgen::prelude::wasm_bindgen;
    use wasm_bindgen_futures::JsFuture;

    #[wasm_bindgen]
    extern "C" {
        // Unlike `randomUUID` it is also there where the page came without TLS.
        #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
        fn random(bytes: &mut [u8]);

        #[wasm_bindgen(js_name = setTimeout)]
        fn set_timeout(then: &js_sys::Function, milliseconds: i32);
    }

    pub fn key() -> String {
        let mut bytes = [0; 16];
        random(&mut bytes);
        format!("{:032x}", u128::from_ne_bytes(bytes))
    }

    pub async fn wait_for(milliseconds: i32) {
        let waited = js_sys::Promise::new(&mut |then, _| set_timeout(&then, milliseconds));
        // A timer does not fail.
        let _ = send_wrapper::SendWrapper::new(JsFuture::from(waited)).await;
    }
}
