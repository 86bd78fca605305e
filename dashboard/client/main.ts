import { render } from 'preact'
import './theme.ts'
import { App } from './app.ts'
import { pages } from './pages.ts'
import { followLinks } from './places.ts'
import { listenToKeys } from './shortcuts.ts'
import { resume } from './sign-in.ts'
import { html } from './view.ts'

followLinks()
listenToKeys(pages)
render(html`<${App} />`, document.getElementById('app')!)
void resume()
