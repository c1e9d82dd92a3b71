// A quiet button that asks once more, in place.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';

export function Confirm({ label, question, yes, no, onYes }: { label: string; question: string; yes: string; no: string; onYes: () => void }): JSX.Element {
    const [asking, ask] = useState(false);
    const stay = useRef<HTMLButtonElement>(null);
    useEffect(() => { if (asking) stay.current?.focus(); }, [asking]);
    if (!asking) return <button class="plain" onClick={() => ask(true)}>{label}</button>;
    return (
        <div class="confirm" role="group" aria-label={question}>
            <p>{question}</p>
            <button class="secondary" ref={stay} onClick={() => ask(false)}>{no}</button>
            <button class="plain" onClick={() => { ask(false); onYes(); }}>{yes}</button>
        </div>
    );
}
