//! Any text as `service.toml`: a configuration whose limits are in range, or a sentence that names the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::path::Path;
use verification_service::config::Config;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    match Config::parse(&text, Path::new("/etc/service.toml")) {
        Ok(config) => {
            assert!(config.limits.lock_after > 0 && config.limits.connections > 0);
            let _ = (config.groups(), config.database_at(), config.limits.failing_window(), config.retention.spans());
        }
        Err(why) => assert!(why.to_string().starts_with("/etc/service.toml")),
    }
});
