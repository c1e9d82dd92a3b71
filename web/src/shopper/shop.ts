// The way to a shop of the merchant's own. Its address gets `token=` at the end of its query; the rest stays as the merchant
// wrote it. The shop asks GET /v1/admission/verify with that token (docs/openapi.yaml).
import type { State } from './state';

export function shopAddress({ token, checkoutUrl }: NonNullable<State['admission']>, page: string): string {
    const url = new URL(checkoutUrl, page);
    url.search += `${url.search ? '&' : '?'}token=${token}`;
    return url.href;
}
