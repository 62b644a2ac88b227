//! nginx with the site's own certificates: mutual TLS 1.3, a static reply, no tickets.

use crate::support::Site;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

pub struct Nginx {
    child: Child,
    pub port: u16,
}

impl Nginx {
    /// Serves `body` at every path.
    pub fn start(site: &Site, body: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = site.path("nginx");
        std::fs::create_dir_all(&folder).unwrap();
        let svc = site.path("svc");
        std::fs::write(folder.join("health.json"), body).unwrap();
        // The workers run as the one who started nginx.
        let text = format!(
            "user root; daemon off; worker_processes 2; pid {folder}/pid; error_log {folder}/error.log;\n\
             events {{ worker_connections 4096; }}\n\
             http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 600s; tcp_nodelay on;\n\
             client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;\n\
             uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; default_type application/json;\n\
             server {{ listen 127.0.0.1:{port} ssl; server_name localhost; ssl_protocols TLSv1.3;\n\
             ssl_certificate {svc}/server.pem; ssl_certificate_key {svc}/server.key;\n\
             ssl_client_certificate {svc}/all-ca.pem; ssl_verify_client on; ssl_verify_depth 2;\n\
             ssl_session_tickets off; ssl_session_cache off;\n\
             location / {{ root {folder}; try_files /health.json =404; }} }} }}\n",
            folder = folder.display(),
            svc = svc.display(),
        );
        let read = |name: &str| std::fs::read_to_string(svc.join(name)).unwrap();
        std::fs::write(svc.join("all-ca.pem"), read("kiosk-ca.pem") + &read("root.pem")).unwrap();
        let file = folder.join("nginx.conf");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(&folder).arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::inherit());
        let child = command.spawn().expect("nginx is missing: `make bench-service` installs it");
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        Self { child, port }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
