// A quiet button that asks once more, in place.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';

export function Confirm({ label, question, yes, no, onYes }: { label: string; question: string; yes: string; no: string; onYes: () => void }): JSX.Element {
    const [asking, ask] = useState<boolean>(); // undefined: not asked yet
    const button = useRef<HTMLButtonElement>(null); // the one that takes the place of the one that was pressed
    useEffect(() => { if (asking !== undefined) button.current?.focus(); }, [asking]);
    if (!asking) return <button class="plain" ref={button} onClick={() => ask(true)}>{label}</button>;
    return (
        <div class="confirm" role="group" aria-label={question}>
            <p>{question}</p>
            <button class="secondary" ref={button} onClick={() => ask(false)}>{no}</button>
            <button class="plain" onClick={() => { ask(false); onYes(); }}>{yes}</button>
        </div>
    );
}
