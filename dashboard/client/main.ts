import { render } from 'preact'
import './theme.ts'
import { App } from './app.ts'
import { pageAt, pages } from './pages.ts'
import { followLinks, place } from './places.ts'
import { listenToKeys } from './shortcuts.ts'
import { resume } from './sign-in.ts'
import { html } from './view.ts'

followLinks()
listenToKeys(pages)
render(html`<${App} />`, document.getElementById('app')!)
// The page comes while it is asked whose the key is; should it not come now, it is asked for again when it is shown.
pageAt(place.get().path)?.entry.load().catch(() => undefined)
void resume()
