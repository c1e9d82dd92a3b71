// A shop of the merchant's own: a real nginx that lets in whom /v1/admission/verify accepts, by the `token=` of the address.
//
//   const shop = await openMerchantShop(stack.url, id);    shop.url: its page; sales name it as their checkout_url
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server, freePort, listens, temporaryFolder } from './servers.mjs';

const page = '<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,"><main><h1>Welcome to the shop</h1></main>';

const settings = (folder, port, waitroom, sale) => `
daemon off;
${process.getuid() === 0 ? 'user root;' : ''}
pid ${folder}/pid;
error_log ${folder}/nginx.log;
events {}
http {
    access_log off;
    default_type text/html;
    ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
    upstream waitroom { server ${waitroom.host}; }
    server {
        listen 127.0.0.1:${port};
        root ${folder}/pages;
        location = /buy {
            set $token $arg_token; # a subrequest has no query of its own
            auth_request /verify;
            auth_request_set $pass $upstream_http_set_cookie;
            add_header set-cookie $pass always; # also where it is not known whether the token was bound
            try_files /buy.html =404;
        }
        location = /verify {
            internal;
            proxy_pass http://waitroom/v1/admission/verify?sale=${sale}&token=$token;
            proxy_set_header host ${waitroom.host};
            proxy_pass_request_body off;
            proxy_set_header content-length "";
        }
    }
}
`;

export async function openMerchantShop(waitroomUrl, sale) {
    const folder = temporaryFolder('merchant'), port = await freePort();
    mkdirSync(join(folder, 'pages'));
    writeFileSync(join(folder, 'pages', 'buy.html'), page);
    writeFileSync(join(folder, 'nginx.conf'), settings(folder, port, new URL(waitroomUrl), sale));
    const program = ['/usr/sbin/nginx', '/usr/bin/nginx'].find(existsSync);
    const server = new Server('nginx', program, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'nginx.log')], { folder, serves: () => listens(port) });
    await server.start();
    return Object.assign(server, { url: `http://127.0.0.1:${port}/buy` });
}
