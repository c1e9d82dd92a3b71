import { render } from 'preact';
import { App } from './app';
import './style.css';

const id = decodeURIComponent(location.pathname.split('/')[2] ?? '');
const root = document.getElementById('app')!;
root.replaceChildren();
render(<App id={id} />, root);
